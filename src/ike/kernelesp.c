/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libcharon is told where the kernel carries ESP: its kernel-netlink plugin installs SAs and policies that bear our interface's id, so
 * that only what is routed into the interface is encrypted and only what came decrypted leaves it. Outer packets bear our mark: it leads them
 * by the base link's table and past the firewall. Inner packets bear none: the one that the firewall gave the outer packet on its way in would
 * lead their way back astray.
 * Changes no setting of the machine: the plugin writes net.core.xfrm_acq_expires when it is loaded, so it is told the present value.
 */
#include "ike/charon.h"

#include "base/cleanup.h"
#include "core/routing.h"
#include "ike/sakeepalive.h"

#include <errno.h>
#include <fcntl.h>

#define ACQUIRE_EXPIRES   "/proc/sys/net/core/xfrm_acq_expires"
#define REPLAY_WINDOW     1024 /* packets; several queues and links reorder more than the usual 32 */
#define UDP_GRO_OPTION    104  /* UDP_GRO of linux/udp.h, which glibc's netinet/udp.h excludes */
#define EXPIRE_AGAIN_MSEC 500
#define EXPIRE_LAST_MSEC  8000
#define ALL_BITS          0xffffffffu

static void read_number(const char *path, char *buf, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

    buf[MAX_OF(n, (ssize_t)0)] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
}

void kernelesp_settings(const struct ike *ike)
{
    char seconds[32];

    (void)ike;
    read_number(ACQUIRE_EXPIRES, seconds, sizeof(seconds));
    if (seconds[0])
        lib->settings->set_str(lib->settings, "mvpnd.plugins.kernel-netlink.xfrm_acq_expires", seconds);
    /*
     * kernel-netlink moves an SA by one request of 1024 bytes, which holds the window's bitmap twice and, with AES-CBC and HMAC, the integrity
     * key twice. With SHA2-512 that leaves 28 bytes beside a window of 1024; a request that does not fit loses the SA.
     */
    lib->settings->set_int(lib->settings, "mvpnd.replay_window", REPLAY_WINDOW);
}

/* Datagrams that the kernel joined for us would reach its ESP as one. */
void kernelesp_socket(int fd)
{
    int off = 0;

    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO_OPTION, &off, sizeof(off));
}

void kernelesp_child(const struct ike *ike, child_cfg_create_t *create)
{
    create->if_id_in = create->if_id_out = TUNNEL_IF_ID;
    create->set_mark_out = (mark_t){ .value = ike->profile.mark, .mask = ALL_BITS };
    create->set_mark_in = (mark_t){ .value = 0, .mask = ALL_BITS };
}

/* ---- soft expiries ---- */

/* An SA whose time to be rekeyed has come. */
struct expired {
    uint8_t protocol;
    uint32_t spi;
    host_t *destination;
    bool told_twice;
};

static void expired_destroy(void *data)
{
    struct expired *expired = data;

    expired->destination->destroy(expired->destination);
    free(expired);
}

static job_requeue_t tell_again(void *data)
{
    struct expired *expired = data;
    struct ike *ike = ike_of_library();

    atomic_store(&ike->spi_told_again, expired->spi);
    charon->kernel->expire(charon->kernel, expired->protocol, expired->spi, expired->destination, FALSE);
    atomic_store(&ike->spi_told_again, 0);
    if (expired->told_twice)
        return JOB_REQUEUE_NONE;
    expired->told_twice = true;
    return (job_requeue_t)JOB_RESCHEDULE_MS(EXPIRE_LAST_MSEC);
}

/*
 * The kernel tells it once, and libcharon forgets it when it finds the CHILD SA between two IKE SAs, one of which is just taking the other's
 * place. So it is told again, and once more for a slow gateway; an SA that was rekeyed meanwhile is not found, or not in a state for it.
 */
static bool on_expire(
    kernel_listener_t *public, uint8_t protocol, uint32_t spi, host_t *destination, bool hard)
{
    struct ike *ike = ike_of_library();
    struct expired *expired;

    (void)public;
    if (hard || atomic_load(&ike->spi_told_again) == spi)
        return true;
    expired = calloc(1, sizeof(*expired));
    if (!expired)
        return true;
    expired->protocol = protocol;
    expired->spi = spi;
    expired->destination = destination->clone(destination);
    lib->scheduler->schedule_job_ms(lib->scheduler,
        (job_t *)callback_job_create(tell_again, expired, expired_destroy, NULL), EXPIRE_AGAIN_MSEC);
    return true;
}

/* ---- keepalives that the kernel sends ---- */

static status_t (*plain_add_sa)(kernel_interface_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data);

/* Here no packet takes the SA yet: the policies that name it come next. Where it cannot be had, the job behind the rekeying tells the core. */
static status_t add_sa(kernel_interface_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
    uint32_t interval_sec = atomic_load(&ike_of_library()->offload_sec);
    status_t status = plain_add_sa(this, id, data);
    struct ip_addr remote;

    if (status != SUCCESS || data->inbound || !data->encap || interval_sec == 0)
        return status;
    remote = addr_of_host(id->dst);
    return sakeepalive_set(&remote, id->spi, interval_sec) == -EIDRM ? FAILED : SUCCESS;
}

int kernelesp_start(struct ike *ike)
{
    if (!ike->profile.kernel)
        return 0;
    ike->kernel_listener = calloc(1, sizeof(*ike->kernel_listener));
    if (!ike->kernel_listener)
        return library_set_error(ike, -ENOMEM, "Out of memory.");
    ike->kernel_listener->expire = on_expire;
    charon->kernel->add_listener(charon->kernel, ike->kernel_listener);
    plain_add_sa = charon->kernel->add_sa;
    charon->kernel->add_sa = add_sa;
    return 0;
}

void kernelesp_stop(struct ike *ike)
{
    if (!ike->kernel_listener)
        return;
    charon->kernel->add_sa = plain_add_sa;
    charon->kernel->remove_listener(charon->kernel, ike->kernel_listener);
    free(ike->kernel_listener);
    ike->kernel_listener = NULL;
}
