/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A certificate or private key that a PKCS#11 URI (RFC 7512) names, by strongSwan's pkcs11 plugin. The URI must tell the object's id
 * (that is what strongSwan finds keys by); it may tell the module (module-path) and the PIN (pin-source: a file, or pin-value).
 * The PIN is kept only while libcharon runs; the key never leaves the token.
 */
#include "ike/charon.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

#define SCHEME        "pkcs11:"
#define MODULE_NAME   "mvpn"
#define PIN_MAX_BYTES 256
#define ID_MAX_BYTES  128

bool token_is_uri(const char *text)
{
    return text && strncmp(text, SCHEME, strlen(SCHEME)) == 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Value of an attribute, %-decoded, NUL-terminated beyond *ret_size. -ENOENT: not there. */
static int uri_attribute(const char *uri, const char *name, char *buf, size_t size, size_t *ret_size)
{
    const char *p = uri + strlen(SCHEME);
    size_t name_length = strlen(name), n = 0;

    while (*p && !(strncmp(p, name, name_length) == 0 && p[name_length] == '=')) {
        p += strcspn(p, ";?&");
        p += *p != '\0';
    }
    if (!*p)
        return -ENOENT;
    for (p += name_length + 1; *p && !strchr(";?&", *p); p++) {
        char c = *p;

        if (c == '%') {
            int high = hex_value(p[1]), low = high < 0 ? -1 : hex_value(p[2]);

            if (low < 0)
                return -EINVAL;
            c = (char)(high << 4 | low);
            p += 2;
        }
        if (n + 1 >= size)
            return -E2BIG;
        buf[n++] = c;
    }
    buf[n] = '\0';
    if (ret_size)
        *ret_size = n;
    return 0;
}

static bool module_loads(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);

    if (handle)
        dlclose(handle);
    return handle != NULL;
}

static int find_module(struct ike *ike, const char *uri, char *path, size_t size)
{
    static const char *const defaults[] = { "p11-kit-proxy.so", "opensc-pkcs11.so" };
    int r = uri_attribute(uri, "module-path", path, size, NULL);

    if (r == 0)
        return module_loads(path)
                   ? 0
                   : library_set_error(ike, -ELIBACC, "The PKCS#11 module %s cannot be loaded.", path);
    if (r != -ENOENT)
        return library_set_error(ike, r, "%s is not a valid PKCS#11 URI.", uri);
    for (size_t i = 0; i < ELEMENTSOF(defaults); i++) {
        if (!module_loads(defaults[i]))
            continue;
        snprintf(path, size, "%s", defaults[i]);
        return 0;
    }
    return library_set_error(ike, -ELIBACC,
        "No PKCS#11 module is installed; install p11-kit-modules or opensc-pkcs11, or name one by "
        "module-path= in the URI.");
}

static const char *configured_uri(const struct ike *ike)
{
    if (token_is_uri(ike->profile.private_key))
        return ike->profile.private_key;
    return token_is_uri(ike->profile.certificate) ? ike->profile.certificate : NULL;
}

int token_configure(struct ike *ike)
{
    const char *uri = configured_uri(ike);
    char module[256];
    int r;

    if (!uri)
        return 0;
    r = find_module(ike, uri, module, sizeof(module));
    if (r < 0)
        return r;
    lib->settings->set_str(lib->settings, "%s.plugins.pkcs11.modules." MODULE_NAME ".path", module, lib->ns);
    lib->settings->set_bool(
        lib->settings, "%s.plugins.pkcs11.modules." MODULE_NAME ".load_certs", FALSE, lib->ns);
    lib->settings->set_bool(lib->settings, "%s.plugins.pkcs11.use_hasher", FALSE, lib->ns);
    lib->settings->set_bool(lib->settings, "%s.plugins.pkcs11.use_rng", FALSE, lib->ns);
    lib->settings->set_bool(lib->settings, "%s.plugins.pkcs11.use_dh", FALSE, lib->ns);
    lib->settings->set_bool(lib->settings, "%s.plugins.pkcs11.use_ecc", FALSE, lib->ns);
    lib->settings->set_bool(lib->settings, "%s.plugins.pkcs11.use_pubkey", FALSE, lib->ns);
    return 0;
}

static int read_pin_file(const char *source, char *pin, size_t size)
{
    const char *path = strncmp(source, "file:", 5) == 0 ? source + 5 : source;
    _cleanup_fclose_ FILE *file = fopen(path, "re");

    if (!file)
        return -errno;
    if (!fgets(pin, (int)size, file))
        return -ENODATA;
    pin[strcspn(pin, "\r\n")] = '\0';
    return 0;
}

/* -ENOENT: this URI tells none, which is fine for a token that asks for none. */
static int find_pin(struct ike *ike, const char *uri, char *pin, size_t size)
{
    char source[256];
    int r = uri_attribute(uri, "pin-source", source, sizeof(source), NULL);

    if (r == 0) {
        r = read_pin_file(source, pin, size);
        return r < 0 ? library_set_error(
                           ike, -EACCES, "The token's PIN cannot be read from %s (%s).", source, strerror(-r))
                     : 0;
    }
    r = uri_attribute(uri, "pin-value", pin, size, NULL);
    if (r < 0 && r != -ENOENT)
        return library_set_error(ike, r, "The PKCS#11 URI holds a PIN that is not valid.");
    return r;
}

/*
 * To the credential set, which wipes it at its end. For any key: there is no other in use. Not by a callback set: asked again after a wrong
 * PIN, it would give the same one without end, until the token locks itself.
 */
static int offer_pin(struct ike *ike, const char *uri)
{
    char pin[PIN_MAX_BYTES];
    int r = find_pin(ike, uri, pin, sizeof(pin));

    if (r == 0)
        ike->credentials->add_shared(ike->credentials,
            shared_key_create(SHARED_PIN, chunk_clone(chunk_from_str(pin))),
            identification_create_from_encoding(ID_ANY, chunk_empty), NULL);
    explicit_bzero(pin, sizeof(pin));
    return r == -ENOENT ? 0 : r;
}

static int uri_id(struct ike *ike, const char *uri, char *id, size_t size, chunk_t *ret)
{
    size_t length_bytes;

    if (uri_attribute(uri, "id", id, size, &length_bytes) < 0 || length_bytes == 0)
        return library_set_error(
            ike, -EINVAL, "The PKCS#11 URI must name the object by its id (id=%%01 for example).");
    *ret = chunk_create((uint8_t *)id, length_bytes);
    return 0;
}

int token_load_certificate(struct ike *ike, const char *uri, certificate_t **ret)
{
    char id[ID_MAX_BYTES];
    chunk_t keyid;
    int r;

    /* public objects: no PIN */
    r = uri_id(ike, uri, id, sizeof(id), &keyid);
    if (r < 0)
        return r;
    *ret = lib->creds->create(lib->creds, CRED_CERTIFICATE, CERT_X509, BUILD_PKCS11_KEYID, keyid, BUILD_END);
    if (!*ret)
        return library_set_error(ike, -ENOENT, "No token holds a certificate of the id in Certificate=.");
    return 0;
}

int token_load_key(struct ike *ike, const char *uri, private_key_t **ret)
{
    char id[ID_MAX_BYTES];
    chunk_t keyid;
    int r;

    if ((r = uri_id(ike, uri, id, sizeof(id), &keyid)) < 0 || (r = offer_pin(ike, uri)) < 0)
        return r;
    *ret = lib->creds->create(lib->creds, CRED_PRIVATE_KEY, KEY_ANY, BUILD_PKCS11_KEYID, keyid, BUILD_END);
    if (!*ret)
        return library_set_error(ike, -ENOKEY,
            "The private key in the token cannot be used: no token with the id in PrivateKey=, or a wrong "
            "PIN.");
    return 0;
}
