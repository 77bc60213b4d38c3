/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes are copied as they are, but for those that change. Of an outbound SA whose direction is said the kernel takes no replay window: it
 * has none to keep. Headers older than Linux 6.11 lack two names.
 */
#include "ike/samsg.h"

#include "base/macro.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <string.h>

#define ATTR_SA_DIR                 33 /* XFRMA_SA_DIR, uint8_t */
#define ATTR_NAT_KEEPALIVE_INTERVAL 34 /* XFRMA_NAT_KEEPALIVE_INTERVAL, uint32_t, seconds */
#define SA_DIR_OUT                  2

/* Packets take numbers until the SA is gone, which is a moment after it was read: no number is used twice. */
#define SEQUENCES_SKIPPED 65536

static const struct rtattr *first_attr(const struct nlmsghdr *sa)
{
    return (const struct rtattr *)((const char *)NLMSG_DATA(sa) + NLMSG_ALIGN(sizeof(struct xfrm_usersa_info)));
}

static size_t attrs_bytes(const struct nlmsghdr *sa)
{
    return sa->nlmsg_len - NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
}

static const struct rtattr *find(const struct nlmsghdr *sa, unsigned type, size_t n_bytes_min)
{
    const struct rtattr *attr = first_attr(sa);

    for (size_t left = attrs_bytes(sa); RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
        if ((attr->rta_type & NLA_TYPE_MASK) == type && RTA_PAYLOAD(attr) >= n_bytes_min)
            return attr;
    return NULL;
}

static uint32_t read_u32(const struct nlmsghdr *sa, unsigned type)
{
    const struct rtattr *attr = find(sa, type, sizeof(uint32_t));
    uint32_t value = 0;

    if (attr)
        memcpy(&value, RTA_DATA(attr), sizeof(value));
    return value;
}

bool samsg_is_sa(const struct nlmsghdr *sa, size_t n_bytes)
{
    return n_bytes >= sizeof(*sa) && sa->nlmsg_len <= n_bytes && sa->nlmsg_type == XFRM_MSG_NEWSA &&
           sa->nlmsg_len >= NLMSG_SPACE(sizeof(struct xfrm_usersa_info)) && sa->nlmsg_len <= SAMSG_BYTES_MAX;
}

static bool has_key(const struct rtattr *attr, size_t offset)
{
    const uint8_t *bytes = RTA_DATA(attr);

    for (size_t i = offset; i < RTA_PAYLOAD(attr); i++)
        if (bytes[i])
            return true;
    return false;
}

static bool key_is_there(const struct nlmsghdr *sa)
{
    static const struct {
        unsigned type;
        size_t offset; /* of the key */
    } keyed[] = { { XFRMA_ALG_AEAD, sizeof(struct xfrm_algo_aead) }, { XFRMA_ALG_CRYPT, sizeof(struct xfrm_algo) },
        { XFRMA_ALG_AUTH_TRUNC, sizeof(struct xfrm_algo_auth) }, { XFRMA_ALG_AUTH, sizeof(struct xfrm_algo) } };
    bool some = false;

    for (size_t i = 0; i < ELEMENTSOF(keyed); i++) {
        const struct rtattr *attr = find(sa, keyed[i].type, keyed[i].offset + 1);

        if (attr && !has_key(attr, keyed[i].offset))
            return false;
        some |= attr != NULL;
    }
    return some;
}

static uint32_t next_sequence(const struct nlmsghdr *sa)
{
    const struct rtattr *attr = find(sa, XFRMA_REPLAY_ESN_VAL, sizeof(struct xfrm_replay_state_esn));
    struct xfrm_replay_state_esn extended;
    struct xfrm_replay_state plain = { 0 };

    if (attr) {
        memcpy(&extended, RTA_DATA(attr), sizeof(extended));
        return extended.oseq;
    }
    attr = find(sa, XFRMA_REPLAY_VAL, sizeof(plain));
    if (attr)
        memcpy(&plain, RTA_DATA(attr), sizeof(plain));
    return plain.oseq;
}

void samsg_look(const struct nlmsghdr *sa, struct samsg_facts *ret)
{
    const struct xfrm_usersa_info *info = NLMSG_DATA(sa);
    bool extended = info->flags & XFRM_STATE_ESN;

    *ret = (struct samsg_facts){
        .in_udp = find(sa, XFRMA_ENCAP, sizeof(struct xfrm_encap_tmpl)) != NULL,
        .has_keys = key_is_there(sa),
        .extended = extended,
        .exhausted = !extended && next_sequence(sa) > UINT32_MAX - 2 * SEQUENCES_SKIPPED,
        .keepalive_sec = read_u32(sa, ATTR_NAT_KEEPALIVE_INTERVAL),
    };
}

static int put(struct nlmsghdr *to, unsigned type, const void *data, size_t n_bytes)
{
    struct rtattr *attr = (struct rtattr *)((char *)to + NLMSG_ALIGN(to->nlmsg_len));
    size_t space = RTA_SPACE(n_bytes);

    if (NLMSG_ALIGN(to->nlmsg_len) + space > SAMSG_BYTES_MAX)
        return -EMSGSIZE;
    memset(attr, 0, space);
    attr->rta_type = (unsigned short)type;
    attr->rta_len = (unsigned short)RTA_LENGTH(n_bytes);
    memcpy(RTA_DATA(attr), data, n_bytes);
    to->nlmsg_len = (uint32_t)(NLMSG_ALIGN(to->nlmsg_len) + space);
    return 0;
}

/* Where the direction is said: what is counted outwards goes on, what would be counted inwards is nothing. */
static int put_sequence(struct nlmsghdr *to, const struct rtattr *attr, bool outbound)
{
    struct xfrm_replay_state_esn extended;
    struct xfrm_replay_state plain;
    uint32_t before;

    if (attr->rta_type == XFRMA_REPLAY_VAL) {
        memcpy(&plain, RTA_DATA(attr), sizeof(plain));
        plain.oseq += SEQUENCES_SKIPPED;
        if (outbound)
            plain.seq = plain.bitmap = 0;
        return put(to, attr->rta_type, &plain, sizeof(plain));
    }
    memcpy(&extended, RTA_DATA(attr), sizeof(extended));
    before = extended.oseq;
    extended.oseq += SEQUENCES_SKIPPED;
    extended.oseq_hi += extended.oseq < before;
    if (outbound) {
        extended.bmp_len = extended.replay_window = extended.seq = extended.seq_hi = 0;
        return put(to, attr->rta_type, &extended, sizeof(extended));
    }
    if (put(to, attr->rta_type, RTA_DATA(attr), RTA_PAYLOAD(attr)) < 0)
        return -EMSGSIZE;
    memcpy((char *)to + to->nlmsg_len - RTA_SPACE(RTA_PAYLOAD(attr)) + RTA_LENGTH(0), &extended, sizeof(extended));
    return 0;
}

static bool is_changed(uint32_t keepalive_sec)
{
    return keepalive_sec != SAMSG_AS_IT_IS;
}

/* Only then is the direction said. */
static bool has_keepalives(uint32_t keepalive_sec)
{
    return is_changed(keepalive_sec) && keepalive_sec > 0;
}

static int copy_attr(struct nlmsghdr *to, const struct rtattr *attr, uint32_t keepalive_sec)
{
    bool outbound = has_keepalives(keepalive_sec);

    switch (attr->rta_type & NLA_TYPE_MASK) {
    case XFRMA_LASTUSED: /* told, never taken */
    case XFRMA_PAD:
        return 0;
    case XFRMA_MTIMER_THRESH:
        return outbound ? 0 : put(to, attr->rta_type, RTA_DATA(attr), RTA_PAYLOAD(attr));
    case ATTR_SA_DIR:
    case ATTR_NAT_KEEPALIVE_INTERVAL:
        return is_changed(keepalive_sec) ? 0 : put(to, attr->rta_type, RTA_DATA(attr), RTA_PAYLOAD(attr));
    case XFRMA_REPLAY_VAL:
    case XFRMA_REPLAY_ESN_VAL:
        return put_sequence(to, attr, outbound);
    default:
        return put(to, attr->rta_type, RTA_DATA(attr), RTA_PAYLOAD(attr));
    }
}

static int put_keepalives(struct nlmsghdr *to, uint32_t keepalive_sec)
{
    const uint8_t direction = SA_DIR_OUT;
    int r;

    if (!has_keepalives(keepalive_sec))
        return 0;
    r = put(to, ATTR_SA_DIR, &direction, sizeof(direction));
    return r < 0 ? r : put(to, ATTR_NAT_KEEPALIVE_INTERVAL, &keepalive_sec, sizeof(keepalive_sec));
}

int samsg_write(const struct nlmsghdr *sa, uint32_t keepalive_sec, struct nlmsghdr *ret)
{
    struct xfrm_usersa_info info;
    const struct rtattr *attr = first_attr(sa);
    int r = 0;

    memcpy(&info, NLMSG_DATA(sa), sizeof(info));
    memset(ret, 0, NLMSG_SPACE(sizeof(info)));
    ret->nlmsg_type = XFRM_MSG_NEWSA;
    ret->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    ret->nlmsg_len = NLMSG_SPACE(sizeof(info));
    if (has_keepalives(keepalive_sec))
        info.replay_window = 0;
    memcpy(NLMSG_DATA(ret), &info, sizeof(info));
    for (size_t left = attrs_bytes(sa); r == 0 && RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
        r = copy_attr(ret, attr, keepalive_sec);
    if (r == 0) /* age and bytes, by which it is rekeyed, go on */
        r = put(ret, XFRMA_LTIME_VAL, &info.curlft, sizeof(info.curlft));
    return r < 0 ? r : put_keepalives(ret, keepalive_sec);
}
