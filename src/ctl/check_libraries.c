/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the strongSwan that is installed the one that mvpnd was built for, and are its plugins there? Its libraries are loaded in a child only:
 * mvpnctl itself never needs them, so that 'mvpnctl disable' works whatever is installed.
 */
#include "ctl/check_room.h"

#ifdef CTL_STRONGSWAN_DIR
#include "ike/fingerprint.h"
#include "ike_fingerprints.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

/* In the order of their dependence; by whole path, as mvpnd finds them by its rpath. */
static const struct {
    const char *file;
    uint64_t fingerprint;
} libraries[] = {
    { "libstrongswan.so.0", FINGERPRINT_STRONGSWAN },
    { "libcharon.so.0", FINGERPRINT_CHARON },
};

static int try_libraries(const void *argument, char *error, size_t size)
{
    (void)argument;
    for (size_t i = 0; i < ELEMENTSOF(libraries); i++) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", CTL_STRONGSWAN_DIR, libraries[i].file);
        if (!dlopen(path, RTLD_LAZY | RTLD_GLOBAL)) {
            snprintf(error, size, "%s", dlerror());
            return -ENOENT;
        }
        if (fingerprint_of(libraries[i].file) != libraries[i].fingerprint) {
            snprintf(error, size, "%s", libraries[i].file);
            return -ELIBBAD;
        }
    }
    return 0;
}

/* Without these no certificate is read and nothing encrypted. */
static bool check_plugins(const struct check_run *run)
{
    static const char *const plugins[] = { "openssl", "pem", "x509", "kdf", "revocation" };

    for (size_t i = 0; i < ELEMENTSOF(plugins); i++) {
        char path[512];

        snprintf(path, sizeof(path), "%s/plugins/libstrongswan-%s.so", CTL_STRONGSWAN_DIR, plugins[i]);
        if (check_exists(run, path))
            continue;
        check_report(run, "libcharon", CHECK_FAIL,
            "Install strongSwan's standard plugins (Debian: libstrongswan-standard-plugins).",
            "strongSwan's plugin %s is not there (%s).", plugins[i], path);
        return false;
    }
    return true;
}

void check_libraries(struct check_run *run)
{
    char error[400];
    int r = check_in_namespace(try_libraries, NULL, error, sizeof(error));

    if (check_report_untried(run, "libcharon", r))
        return;
    if (r == 0 && check_plugins(run))
        check_report(run, "libcharon", CHECK_PASS, NULL,
            "The installed strongSwan is the one that mvpnd was built for.");
    else if (r == -ELIBBAD)
        check_report(run, "libcharon", CHECK_FAIL,
            "Install the mvpn that belongs to the installed strongSwan.",
            "The installed strongSwan is not the version that mvpnd was built for (%s differs).", error);
    else if (r < 0)
        check_report(run, "libcharon", CHECK_FAIL,
            "Install strongSwan's libraries (Debian: strongswan-libcharon and libcharon-extra-plugins).",
            "strongSwan's libraries cannot be loaded: %s.", error[0] ? error : "the attempt crashed");
}
#else
void check_libraries(struct check_run *run)
{
    (void)run; /* built without src/ike: there is no mvpnd either */
}
#endif
