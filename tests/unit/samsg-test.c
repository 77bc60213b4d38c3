/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SA as the kernel tells it, written again: what changes, what goes on, and what is no SA that may be touched.
 */
#include "base/macro.h"
#include "ike/samsg.h"
#include "support/test.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <string.h>

#define SA_DIR             33
#define KEEPALIVE_INTERVAL 34

struct message {
    _Alignas(NLMSG_ALIGNTO) char bytes[SAMSG_BYTES_MAX];
};

static struct nlmsghdr *header(struct message *message)
{
    return (struct nlmsghdr *)message->bytes;
}

static void put(struct message *message, unsigned short type, const void *data, size_t n_bytes)
{
    struct nlmsghdr *h = header(message);
    struct rtattr *attr = (struct rtattr *)(message->bytes + h->nlmsg_len);

    *attr = (struct rtattr){ .rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(n_bytes) };
    memcpy(RTA_DATA(attr), data, n_bytes);
    h->nlmsg_len += (uint32_t)RTA_SPACE(n_bytes);
}

/* AES-GCM, in UDP, with a byte of key. */
static void make_sa(struct message *message, uint8_t key)
{
    struct xfrm_usersa_info info = { .reqid = 7, .curlft = { .bytes = 1234, .packets = 5, .add_time = 99 }, .replay_window = 32 };
    union {
        struct xfrm_algo_aead algo;
        uint8_t bytes[sizeof(struct xfrm_algo_aead) + 20];
    } aead = { .algo = { .alg_name = "rfc4106(gcm(aes))", .alg_key_len = 160, .alg_icv_len = 128 } };
    const struct xfrm_encap_tmpl encap = { .encap_type = 2, .encap_sport = 1, .encap_dport = 2 };
    const uint32_t if_id = 0x4d56;
    const uint64_t last_used = 5;

    memset(message, 0, sizeof(*message));
    *header(message) = (struct nlmsghdr){ .nlmsg_len = NLMSG_SPACE(sizeof(info)), .nlmsg_type = XFRM_MSG_NEWSA };
    memcpy(NLMSG_DATA(header(message)), &info, sizeof(info));
    aead.bytes[sizeof(aead) - 1] = key;
    put(message, XFRMA_ALG_AEAD, &aead, sizeof(aead));
    put(message, XFRMA_ENCAP, &encap, sizeof(encap));
    put(message, XFRMA_LASTUSED, &last_used, sizeof(last_used));
    put(message, XFRMA_IF_ID, &if_id, sizeof(if_id));
}

static const void *attribute(struct message *message, unsigned type, size_t n_bytes)
{
    const struct rtattr *attr = (const struct rtattr *)(message->bytes + NLMSG_SPACE(sizeof(struct xfrm_usersa_info)));
    size_t left = header(message)->nlmsg_len - NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
    const void *found = NULL;

    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
        if (attr->rta_type == type) {
            CHECK(!found); /* once */
            CHECK_EQ(RTA_PAYLOAD(attr), n_bytes);
            found = RTA_DATA(attr);
        }
    return found;
}

static void what_an_sa_is_like(void)
{
    const uint32_t sec = 30;
    struct samsg_facts facts;
    struct message sa;

    make_sa(&sa, 1);
    CHECK(samsg_is_sa(header(&sa), header(&sa)->nlmsg_len));
    CHECK(!samsg_is_sa(header(&sa), header(&sa)->nlmsg_len - 1));
    samsg_look(header(&sa), &facts);
    CHECK(facts.in_udp && facts.has_keys && !facts.exhausted);
    CHECK_EQ(facts.keepalive_sec, 0);
    put(&sa, KEEPALIVE_INTERVAL, &sec, sizeof(sec));
    samsg_look(header(&sa), &facts);
    CHECK_EQ(facts.keepalive_sec, 30);
    make_sa(&sa, 0); /* a kernel in lockdown shows zeros: an SA with such a key would be open to all */
    samsg_look(header(&sa), &facts);
    CHECK(!facts.has_keys);
    header(&sa)->nlmsg_type = XFRM_MSG_NEWPOLICY;
    CHECK(!samsg_is_sa(header(&sa), header(&sa)->nlmsg_len));
}

static void an_interval_is_given_and_taken(void)
{
    const struct xfrm_replay_state replay = { .oseq = 100, .seq = 3, .bitmap = 7 };
    const struct xfrm_replay_state *again;
    const struct xfrm_lifetime_cur *age;
    const struct xfrm_usersa_info *info;
    struct message sa, with, without;

    make_sa(&sa, 1);
    put(&sa, XFRMA_REPLAY_VAL, &replay, sizeof(replay));
    CHECK_EQ(samsg_write(header(&sa), 16, header(&with)), 0);
    info = NLMSG_DATA(header(&with));
    CHECK_EQ(header(&with)->nlmsg_type, XFRM_MSG_NEWSA);
    CHECK_EQ(info->reqid, 7);
    CHECK_EQ(info->replay_window, 0);
    CHECK_EQ(*(const uint8_t *)attribute(&with, SA_DIR, 1), 2);
    CHECK_EQ(*(const uint32_t *)attribute(&with, KEEPALIVE_INTERVAL, 4), 16);
    CHECK_EQ(*(const uint32_t *)attribute(&with, XFRMA_IF_ID, 4), 0x4d56);
    CHECK(!attribute(&with, XFRMA_LASTUSED, 8));
    age = attribute(&with, XFRMA_LTIME_VAL, sizeof(*age));
    CHECK(age && age->bytes == 1234 && age->packets == 5 && age->add_time == 99);
    again = attribute(&with, XFRMA_REPLAY_VAL, sizeof(*again));
    CHECK(again && again->oseq > 100 && again->seq == 0 && again->bitmap == 0);

    CHECK_EQ(samsg_write(header(&with), 0, header(&without)), 0);
    CHECK(!attribute(&without, SA_DIR, 1) && !attribute(&without, KEEPALIVE_INTERVAL, 4));
    CHECK_EQ(samsg_write(header(&with), SAMSG_AS_IT_IS, header(&without)), 0);
    CHECK(attribute(&without, SA_DIR, 1) && attribute(&without, KEEPALIVE_INTERVAL, 4));
}

static void extended_numbers_carry_over(void)
{
    union {
        struct xfrm_replay_state_esn state;
        uint8_t bytes[sizeof(struct xfrm_replay_state_esn) + 4 * sizeof(uint32_t)];
    } replay = { .state = { .bmp_len = 4, .oseq = 0xffffff00, .oseq_hi = 1, .replay_window = 128 } };
    const struct xfrm_replay_state_esn *again;
    struct samsg_facts facts;
    struct message sa, with;

    make_sa(&sa, 1);
    put(&sa, XFRMA_REPLAY_ESN_VAL, &replay, sizeof(replay));
    samsg_look(header(&sa), &facts);
    CHECK(facts.exhausted && !facts.extended);
    ((struct xfrm_usersa_info *)NLMSG_DATA(header(&sa)))->flags = XFRM_STATE_ESN;
    samsg_look(header(&sa), &facts);
    CHECK(facts.extended && !facts.exhausted);
    CHECK_EQ(samsg_write(header(&sa), 16, header(&with)), 0);
    again = attribute(&with, XFRMA_REPLAY_ESN_VAL, sizeof(*again));
    if (CHECK(again != NULL)) {
        CHECK_EQ(again->oseq_hi, 2);
        CHECK(again->oseq < 0xffffff00);
        CHECK_EQ(again->bmp_len, 0);
        CHECK_EQ(again->replay_window, 0);
    }
}

static void what_does_not_fit_is_not_written(void)
{
    static const char filler[1000];
    struct message sa, with;

    make_sa(&sa, 1);
    while (header(&sa)->nlmsg_len + RTA_SPACE(sizeof(filler)) < SAMSG_BYTES_MAX)
        put(&sa, XFRMA_SEC_CTX, filler, sizeof(filler));
    put(&sa, XFRMA_SEC_CTX, filler, SAMSG_BYTES_MAX - header(&sa)->nlmsg_len - RTA_LENGTH(0));
    CHECK_EQ(samsg_write(header(&sa), 16, header(&with)), -EMSGSIZE);
}

static const struct test tests[] = {
    TEST(what_an_sa_is_like),
    TEST(an_interval_is_given_and_taken),
    TEST(extended_numbers_carry_over),
    TEST(what_does_not_fit_is_not_written),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
