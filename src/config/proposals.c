/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of strongSwan's proposals, by kind and by pattern, so that new sizes need no new row. libcharon has the last word when it
 * loads them; this check is for a clear sentence at the right line. Pure.
 */
#include "config/proposals.h"

#include "base/macro.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum word_kind {
    WORD_KIND_CIPHER,
    WORD_KIND_AEAD,
    WORD_KIND_INTEGRITY,
    WORD_KIND_PRF,
    WORD_KIND_GROUP,
    WORD_KIND_OTHER,
    WORD_KIND_WEAK,
};

/* First match counts: the weak ones stand before what would match them, too. */
static const struct {
    const char *pattern;
    enum word_kind kind;
} words[] = {
    { "null", WORD_KIND_WEAK },
    { "des", WORD_KIND_WEAK },
    { "des64", WORD_KIND_WEAK },
    { "md5*", WORD_KIND_WEAK },
    { "prfmd5", WORD_KIND_WEAK },
    { "modp768", WORD_KIND_WEAK },
    { "modp1024", WORD_KIND_WEAK },
    { "modp1024s160", WORD_KIND_WEAK },
    { "modpnone", WORD_KIND_WEAK },
    { "modpnull", WORD_KIND_WEAK },
    { "noauth", WORD_KIND_WEAK },
    { "aes*gmac", WORD_KIND_WEAK },
    { "aes*gcm8", WORD_KIND_AEAD },
    { "aes*gcm12", WORD_KIND_AEAD },
    { "aes*gcm16", WORD_KIND_AEAD },
    { "aes*gcm64", WORD_KIND_AEAD },
    { "aes*gcm96", WORD_KIND_AEAD },
    { "aes*gcm128", WORD_KIND_AEAD },
    { "aes*gcm", WORD_KIND_AEAD },
    { "aes*ccm*", WORD_KIND_AEAD },
    { "chacha20poly1305*", WORD_KIND_AEAD },
    { "camellia*ccm*", WORD_KIND_AEAD },
    { "aesxcbc", WORD_KIND_INTEGRITY },
    { "aescmac", WORD_KIND_INTEGRITY },
    { "camelliaxcbc", WORD_KIND_INTEGRITY },
    { "aes", WORD_KIND_CIPHER },
    { "aes128", WORD_KIND_CIPHER },
    { "aes192", WORD_KIND_CIPHER },
    { "aes256", WORD_KIND_CIPHER },
    { "aes*ctr", WORD_KIND_CIPHER },
    { "3des", WORD_KIND_CIPHER },
    { "camellia*", WORD_KIND_CIPHER },
    { "blowfish*", WORD_KIND_CIPHER },
    { "cast128", WORD_KIND_CIPHER },
    { "serpent*", WORD_KIND_CIPHER },
    { "twofish*", WORD_KIND_CIPHER },
    { "sha", WORD_KIND_INTEGRITY },
    { "sha1*", WORD_KIND_INTEGRITY },
    { "sha2*", WORD_KIND_INTEGRITY },
    { "sha384", WORD_KIND_INTEGRITY },
    { "sha512", WORD_KIND_INTEGRITY },
    { "prfsha*", WORD_KIND_PRF },
    { "prfaes*", WORD_KIND_PRF },
    { "prfcamellia*", WORD_KIND_PRF },
    { "modp[1-8]*", WORD_KIND_GROUP },
    { "ecp192", WORD_KIND_GROUP },
    { "ecp2*", WORD_KIND_GROUP },
    { "ecp384*", WORD_KIND_GROUP },
    { "ecp512bp", WORD_KIND_GROUP },
    { "ecp521", WORD_KIND_GROUP },
    { "curve25519", WORD_KIND_GROUP },
    { "curve448", WORD_KIND_GROUP },
    { "x25519", WORD_KIND_GROUP },
    { "x448", WORD_KIND_GROUP },
    { "mlkem*", WORD_KIND_GROUP },
    { "ntru*", WORD_KIND_GROUP },
    { "newhope128", WORD_KIND_GROUP },
    { "ke[1-7]_*", WORD_KIND_OTHER },
    { "esn", WORD_KIND_OTHER },
    { "noesn", WORD_KIND_OTHER },
};

static bool classify(const char *word, enum word_kind *ret)
{
    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (fnmatch(words[i].pattern, word, 0) == 0) {
            *ret = words[i].kind;
            return true;
        }
    return false;
}

static const char *missing(enum proposal_protocol protocol, uint32_t kinds)
{
    bool aead = kinds & 1u << WORD_KIND_AEAD, cipher = kinds & 1u << WORD_KIND_CIPHER;
    bool integrity = kinds & 1u << WORD_KIND_INTEGRITY;

    if (!aead && !cipher)
        return "names no cipher; add one, for example aes256gcm16";
    if (aead && cipher)
        return "mixes a cipher that authenticates (GCM, CCM, ChaCha20) with one that does not; make two "
               "proposals of it";
    if (cipher && !integrity)
        return "names no integrity algorithm for its cipher; add one, for example sha256";
    if (protocol == PROPOSAL_PROTOCOL_ESP)
        return NULL;
    if (aead && !integrity && !(kinds & 1u << WORD_KIND_PRF))
        return "names no pseudo-random function; add one, for example prfsha384";
    if (!(kinds & 1u << WORD_KIND_GROUP))
        return "names no key exchange; add one, for example ecp384 or x25519";
    return NULL;
}

static int check_word(const char *word, const char *proposal, uint32_t *kinds, struct strbuf *problem)
{
    enum word_kind kind;

    if (*word == '\0')
        strbuf_add(problem,
            "'%s' has an empty word; write words joined by single '-', like aes256gcm16-prfsha384-ecp384",
            proposal);
    else if (!classify(word, &kind))
        strbuf_add(problem, "'%s' in '%s' is no algorithm in strongSwan's notation", word, proposal);
    else if (kind == WORD_KIND_WEAK)
        strbuf_add(problem, "'%s' in '%s' is too weak to be allowed; leave it out", word, proposal);
    else {
        *kinds |= 1u << kind;
        return 0;
    }
    return -EINVAL;
}

int proposal_check(enum proposal_protocol protocol, const char *text, struct strbuf *problem)
{
    char word[40];
    uint32_t kinds = 0;
    const char *verdict;
    int r;

    for (const char *p = text;; p++) {
        size_t length = strcspn(p, "-");

        if (length >= sizeof(word)) {
            strbuf_add(problem, "'%.40s...' is no algorithm in strongSwan's notation", p);
            return -EINVAL;
        }
        snprintf(word, sizeof(word), "%.*s", (int)length, p);
        r = check_word(word, text, &kinds, problem);
        if (r < 0)
            return r;
        p += length;
        if (*p == '\0')
            break;
    }
    verdict = missing(protocol, kinds);
    if (!verdict)
        return 0;
    strbuf_add(problem, "'%s' %s", text, verdict);
    return -EINVAL;
}
