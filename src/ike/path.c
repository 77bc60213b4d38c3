/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two data paths behind one face: which one it is was said when ike_start() was called, and the rooms of src/ike do not ask. The sockets
 * are the user-space path's in either case, which then has no device and sees IKE alone: the kernel takes the ESP out of them.
 */
#include "ike/charon.h"

#include "base/cleanup.h"

/*
 * SAs: not closed by the gateway, so a DELETE tells it, and the core connects again. Policies: a rekeying brings them back, the tunnel stays.
 */
static void on_lost(void *userdata, enum kernelpath_loss loss)
{
    struct ike *ike = userdata;
    uint32_t sa = satrack_up(&ike->track, NULL);

    if (sa == 0)
        return;
    if (loss == KERNELPATH_LOSS_POLICIES) {
        job_queue(ike, JOB_RENEW, sa);
        return;
    }
    satrack_note(&ike->track, sa, REASON_TUNNEL_LOST);
    job_queue(ike, JOB_DELETE, sa);
}

int path_start(struct ike *ike, const struct ike_options *options)
{
    int r = datapath_new(ike->mailbox, &ike->datapath);

    if (r < 0)
        return r;
    if (ike->profile.kernel)
        return kernelpath_new(
            ike->mailbox, options->settings->policy.interface, on_lost, ike, &ike->kernelpath);
    return datapath_set_tun(ike->datapath, options->tun_fd);
}

void path_stop(struct ike *ike)
{
    datapath_free(steal_ptr(&ike->datapath));
    kernelpath_free(steal_ptr(&ike->kernelpath));
}

int path_set_tun(struct ike *ike, int tun_fd)
{
    if (ike->kernelpath)
        kernelpath_rebind(ike->kernelpath);
    else if (ike->datapath)
        return datapath_set_tun(ike->datapath, tun_fd);
    return 0;
}

void path_set_addrs(struct ike *ike, const struct ip_addr *addrs, uint32_t n_addrs)
{
    if (ike->kernelpath)
        kernelpath_set_addrs(ike->kernelpath, addrs, n_addrs);
    else
        datapath_set_addrs(ike->datapath, addrs, n_addrs);
}

void path_note_in(struct ike *ike)
{
    if (ike->kernelpath)
        kernelpath_note_in(ike->kernelpath);
    else
        datapath_note_in(ike->datapath);
}

/* Our own data path asks when it sends. With the kernel's, the kernel minds what routers say later; what it knows now is told here. */
void path_tell_mtu(struct ike *ike, const struct flow *flow)
{
    struct event event = { .type = EVENT_PATH_MTU };
    struct udp_path path = { .remote = { flow->remote, flow->remote_port }, .local = flow->local };
    struct pin_target target;

    if (!ike->kernelpath)
        return;
    pin_get(&ike->pin, &target);
    event.path_mtu_bytes = udp_path_mtu(&path, target.ifindex, ike->profile.mark);
    if (event.path_mtu_bytes > 0)
        mailbox_post(ike->mailbox, satrack_attempt(&ike->track), &event);
}

void path_watch(struct ike *ike, uint32_t attempt)
{
    if (ike->kernelpath) {
        doorbell_set(ike, false);
        kernelpath_watch(ike->kernelpath, attempt);
    } else {
        datapath_release(ike->datapath);
        datapath_watch(ike->datapath, attempt);
    }
}

int path_watch_demand(struct ike *ike)
{
    int r;

    if (!ike->kernelpath) {
        datapath_watch_demand(ike->datapath);
        return 0;
    }
    r = kernelpath_watch_demand(ike->kernelpath);
    return r < 0 ? r : doorbell_set(ike, true);
}

void path_get_stats(struct ike *ike, struct datapath_stats *ret_stats, struct traffic *ret_traffic)
{
    usec_t sent_at_usec;

    if (!ike->datapath)
        return;
    datapath_get_stats(ike->datapath, ret_stats, ret_traffic);
    if (!ike->kernelpath)
        return;
    /* IKE and keepalives left by our own sockets, ESP did not */
    sent_at_usec = ret_traffic->last_out_at_usec;
    kernelpath_get_stats(ike->kernelpath, ret_stats, ret_traffic);
    ret_traffic->last_out_at_usec = MAX_OF(ret_traffic->last_out_at_usec, sent_at_usec);
}
