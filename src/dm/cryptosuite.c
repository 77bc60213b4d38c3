/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table per node of the suite. A word that is in none is not supported; one whose meaning is NULL is too weak.
 */
#include "dm/cryptosuite.h"

#include "base/macro.h"
#include "dm/tree.h"
#include "dm/verbs.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct word {
    const char *name;
    const char *meaning; /* NULL: refused as too weak */
};

static const struct word encryption[] = { { "DES", NULL }, { "DES3", "3des" }, { "AES128", "aes128" },
    { "AES192", "aes192" }, { "AES256", "aes256" }, { "AES_GCM_128", "aes128gcm16" },
    { "AES_GCM_256", "aes256gcm16" } };
static const struct word integrity[] = { { "MD5", NULL }, { "SHA1", "sha1" }, { "SHA196", "sha1" },
    { "SHA256", "sha256" }, { "SHA384", "sha384" } };
static const struct word groups[] = { { "None", NULL }, { "Group1", NULL }, { "Group2", NULL },
    { "Group14", "modp2048" }, { "ECP256", "ecp256" }, { "ECP384", "ecp384" }, { "Group24", "modp2048s256" } };
static const struct word ciphers[] = { { "None", NULL }, { "DES", NULL }, { "DES3", "3des" }, { "AES128", "aes128" },
    { "AES192", "aes192" }, { "AES256", "aes256" }, { "GCMAES128", "aes128gcm16" }, { "GCMAES192", "aes192gcm16" },
    { "GCMAES256", "aes256gcm16" } };
/* With GCM the cipher authenticates by itself. */
static const struct word authentications[] = { { "None", NULL }, { "MD596", NULL }, { "SHA196", "sha1" },
    { "SHA256128", "sha256" }, { "GCMAES128", "" }, { "GCMAES192", "" }, { "GCMAES256", "" } };
static const struct word pfs[] = { { "None", NULL }, { "PFS1", NULL }, { "PFS2", NULL }, { "PFS2048", "modp2048" },
    { "ECP256", "ecp256" }, { "ECP384", "ecp384" }, { "PFS24", "modp2048s256" } };

static const struct {
    const char *node;
    const struct word *words;
    size_t n_words;
} nodes[] = {
    { "EncryptionMethod", encryption, ELEMENTSOF(encryption) },
    { "IntegrityCheckMethod", integrity, ELEMENTSOF(integrity) },
    { "DHGroup", groups, ELEMENTSOF(groups) },
    { "CipherTransformConstants", ciphers, ELEMENTSOF(ciphers) },
    { "AuthenticationTransformConstants", authentications, ELEMENTSOF(authentications) },
    { "PfsGroup", pfs, ELEMENTSOF(pfs) },
};

static const struct word *find(const struct word *words, size_t n_words, const char *name)
{
    for (size_t i = 0; i < n_words; i++)
        if (strcasecmp(words[i].name, name) == 0)
            return &words[i];
    return NULL;
}

unsigned dm_crypto_check(const struct dm_node *suite, struct dm_error *error)
{
    for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
        const struct dm_node *node = dm_tree_child(suite, nodes[i].node);
        const struct word *word;

        if (!node)
            continue;
        word = find(nodes[i].words, nodes[i].n_words, node->data);
        if (!word)
            return dm_refuse(error, 406, "%s: '%.40s' is not supported", nodes[i].node, node->data);
        if (!word->meaning)
            return dm_refuse(error, 406, "%s: %s is too weak, whoever asks for it", nodes[i].node, word->name);
    }
    return 0;
}

/* The meaning of the node's value; NULL where the node is not there. */
static const char *meaning(const struct dm_node *suite, const char *name)
{
    const char *value = dm_node_text(suite, name);

    for (size_t i = 0; *value && i < ELEMENTSOF(nodes); i++)
        if (strcmp(nodes[i].node, name) == 0) {
            const struct word *word = find(nodes[i].words, nodes[i].n_words, value);

            return word ? word->meaning : NULL;
        }
    return NULL;
}

static bool authenticates(const char *cipher)
{
    return strstr(cipher, "gcm") != NULL;
}

char *dm_crypto_ike(const struct dm_node *suite, char *buf, size_t size)
{
    const char *cipher = meaning(suite, "EncryptionMethod"), *hash = meaning(suite, "IntegrityCheckMethod");
    const char *group = meaning(suite, "DHGroup");

    buf[0] = '\0';
    if (!cipher && !hash && !group)
        return buf;
    cipher = cipher ? cipher : "aes256gcm16";
    snprintf(buf, size, "%s-%s%s-%s", cipher, authenticates(cipher) ? "prf" : "", hash ? hash : "sha384",
        group ? group : "ecp384");
    return buf;
}

char *dm_crypto_esp(const struct dm_node *suite, char *buf, size_t size)
{
    const char *cipher = meaning(suite, "CipherTransformConstants");
    const char *hash = meaning(suite, "AuthenticationTransformConstants"), *group = meaning(suite, "PfsGroup");
    bool aead;

    buf[0] = '\0';
    if (!cipher && !hash && !group)
        return buf;
    cipher = cipher ? cipher : "aes256gcm16";
    aead = authenticates(cipher);
    snprintf(buf, size, "%s%s%s-%s", cipher, aead ? "" : "-", aead ? "" : hash && *hash ? hash : "sha256",
        group ? group : "ecp384");
    return buf;
}
