/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done with an IKE SA: always in one of libcharon's threads, with the SA checked out by its unique id (another thread may hold it:
 * then the job waits, the daemon does not). An SA that is gone meanwhile is no error; its end was reported by the listener.
 */
#include "ike/charon.h"

#include "base/clock.h"
#include "ike/sakeepalive.h"
#include "ike/witness.h"

#include <errno.h>
#include <sa/ikev2/tasks/ike_mobike.h>

#define DELETE_REKEYED_DELAY 5 /* seconds, libcharon's default */
#define WITNESS_MSEC         1000

struct sa_job {
    struct ike *ike;
    enum job_kind kind;
    uint32_t sa;
};

static job_requeue_t run_job(void *data);

static struct flow flow_of_sa(ike_sa_t *ike_sa)
{
    return flow_of_hosts(ike_sa->get_my_host(ike_sa), ike_sa->get_other_host(ike_sa));
}

/*
 * Are we behind a NAT? By the gateway's hash of our address (RFC 7296, 2.23), which forced UDP encapsulation does not distort. A NAT on the
 * gateway's side is its own to keep open, and gateways with user-space ESP pretend one.
 */
static bool behind_nat(ike_sa_t *ike_sa)
{
    return ike_sa->has_condition(ike_sa, COND_NAT_HERE);
}

static void read_addrs(ike_sa_t *ike_sa, struct tunnel *tunnel)
{
    enumerator_t *hosts = ike_sa->create_virtual_ip_enumerator(ike_sa, TRUE);
    host_t *host;

    while (tunnel->n_addrs < TUNNEL_ADDRS_MAX && hosts->enumerate(hosts, &host))
        tunnel->addrs[tunnel->n_addrs++] = addr_of_host(host);
    hosts->destroy(hosts);
}

static bool holds_subnet(const struct tunnel *tunnel, const struct ip_prefix *subnet)
{
    for (uint32_t i = 0; i < tunnel->n_subnets; i++)
        if (ip_prefix_equal(&tunnel->subnets[i], subnet))
            return true;
    return false;
}

static void read_subnets(ike_sa_t *ike_sa, struct tunnel *tunnel)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    child_sa_t *child_sa;

    while (children->enumerate(children, &child_sa)) {
        enumerator_t *selectors = child_sa->create_ts_enumerator(child_sa, FALSE);
        traffic_selector_t *selector;

        while (tunnel->n_subnets < POLICY_SUBNETS_MAX && selectors->enumerate(selectors, &selector)) {
            struct ip_prefix subnet = prefix_of_selector(selector);

            if (!holds_subnet(tunnel, &subnet))
                tunnel->subnets[tunnel->n_subnets++] = subnet;
        }
        selectors->destroy(selectors);
    }
    children->destroy(children);
}

/* What our packets grow by, as RFC 4106, 7634, 3602 and 4868 have it. Other ciphers are not offered. */
static void read_sealing(ike_sa_t *ike_sa, struct sealing *ret)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    uint16_t encryption = 0, integrity = 0, bits = 0;
    proposal_t *proposal;
    child_sa_t *child_sa;

    if (children->enumerate(children, &child_sa) && (proposal = child_sa->get_proposal(child_sa))) {
        (void)proposal->get_algorithm(proposal, ENCRYPTION_ALGORITHM, &encryption, &bits);
        (void)proposal->get_algorithm(proposal, INTEGRITY_ALGORITHM, &integrity, &bits);
    }
    children->destroy(children);
    *ret = encryption == ENCR_AES_CBC ? (struct sealing){ .iv_bytes = 16, .icv_bytes = 16, .align_bytes = 16 }
                                      : (struct sealing){ .iv_bytes = 8, .icv_bytes = 16, .align_bytes = 4 };
    if (integrity == AUTH_HMAC_SHA2_384_192)
        ret->icv_bytes = 24;
    else if (integrity == AUTH_HMAC_SHA2_512_256)
        ret->icv_bytes = 32;
}

/*
 * What the gateway sees of us is learnt from the first liveness check (RFC 4555, 3.5), and only from then on is a check able to find that a NAT
 * has given us another mapping, which libcharon then tells the gateway. Asked for now, while the radio is on: else the first check after a long
 * sleep would find nothing, and what the gateway sends would go on to a port that is nobody's.
 */
static status_t learn_mapping(ike_sa_t *ike_sa)
{
    return behind_nat(ike_sa) && ike_sa->supports_extension(ike_sa, EXT_MOBIKE) ? ike_sa->send_dpd(ike_sa) : SUCCESS;
}

/* By its unique id, which it keeps whatever IKE SA it belongs to. */
static job_requeue_t end_replaced(void *data)
{
    child_sa_t *child_sa;
    ike_sa_t *ike_sa = charon->child_sa_manager->checkout_by_id(charon->child_sa_manager, (uint32_t)(uintptr_t)data, &child_sa);

    if (!ike_sa)
        return JOB_REQUEUE_NONE;
    if (child_sa->get_state(child_sa) == CHILD_DELETED)
        (void)ike_sa->destroy_child_sa(ike_sa, PROTO_ESP, child_sa->get_spi(child_sa, TRUE));
    charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
    return JOB_REQUEUE_NONE;
}

/*
 * libcharon keeps a replaced CHILD SA for packets that are late, and a job of its own ends it after that. Where that job waits for the IKE SA
 * while it is replaced, it finds it gone, its CHILD SAs with their new IKE SA, and gives up: they stay for ever. So each that the new IKE SA
 * took over has a second such job, behind libcharon's.
 */
static void end_what_was_replaced(ike_sa_t *ike_sa)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    uint32_t delay_sec = lib->settings->get_time(lib->settings, "%s.delete_rekeyed_delay", DELETE_REKEYED_DELAY, lib->ns);
    child_sa_t *child_sa;

    while (children->enumerate(children, &child_sa)) {
        uintptr_t id = child_sa->get_unique_id(child_sa);

        if (child_sa->get_state(child_sa) == CHILD_DELETED)
            lib->scheduler->schedule_job(lib->scheduler,
                (job_t *)callback_job_create(end_replaced, (void *)id, NULL, NULL), delay_sec + 1);
    }
    children->destroy(children);
}

static status_t run_rekeyed(ike_sa_t *ike_sa)
{
    end_what_was_replaced(ike_sa);
    return learn_mapping(ike_sa);
}

static status_t run_established(struct ike *ike, ike_sa_t *ike_sa, uint32_t sa)
{
    struct flow flow = flow_of_sa(ike_sa);
    struct tunnel tunnel = {
        .local = flow.local,
        .remote = flow.remote,
        .remote_port = flow.remote_port,
        .nat = behind_nat(ike_sa),
        .mobike = ike_sa->supports_extension(ike_sa, EXT_MOBIKE),
        .offload = ike->profile.offload,
    };

    read_addrs(ike_sa, &tunnel);
    read_subnets(ike_sa, &tunnel);
    read_sealing(ike_sa, &tunnel.sealing);
    if (tunnel.n_addrs == 0) {
        satrack_note(&ike->track, sa, REASON_NO_ADDRESS);
        return ike_sa->delete (ike_sa, TRUE);
    }
    /* before anybody is told: the first packet may come at once */
    path_set_addrs(ike, tunnel.addrs, tunnel.n_addrs);
    if (!satrack_established(&ike->track, sa, &tunnel, &flow) && satrack_up(&ike->track, NULL) == 0)
        path_set_addrs(ike, NULL, 0);
    path_tell_mtu(ike, &flow);
    return learn_mapping(ike_sa);
}

static bool task_under_way(ike_sa_t *ike_sa, task_type_t type)
{
    static const task_queue_t queues[] = { TASK_QUEUE_ACTIVE, TASK_QUEUE_QUEUED };
    bool found = false;

    for (unsigned i = 0; i < 2 && !found; i++) {
        enumerator_t *tasks = ike_sa->create_task_enumerator(ike_sa, queues[i]);
        task_t *task;

        while (!found && tasks->enumerate(tasks, &task))
            found = task->get_type(task) == type;
        tasks->destroy(tasks);
    }
    return found;
}

static bool mobike_under_way(ike_sa_t *ike_sa)
{
    return task_under_way(ike_sa, TASK_IKE_MOBIKE);
}

/* Does what decrypts still have the SA that our gateway sends by? */
static bool can_receive(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
    kernel_ipsec_sa_id_t id = {
        .src = ike_sa->get_other_host(ike_sa),
        .dst = ike_sa->get_my_host(ike_sa),
        .spi = child_sa->get_spi(child_sa, TRUE),
        .proto = IPPROTO_ESP,
        .if_id = child_sa->get_if_id(child_sa, TRUE),
    };
    kernel_ipsec_query_sa_t query = { .cpi = 0 };
    uint64_t bytes, packets;
    time_t used_at;

    return charon->kernel->query_sa(charon->kernel, &id, &query, &bytes, &packets, &used_at) == SUCCESS;
}

/*
 * After a move the CHILD SA is made anew where moving it does not do:
 *  - From IPv6 to IPv4. strongSwan's kernel-netlink, which may be the gateway's and may be ours, writes the four bytes of the new addresses over
 *    the sixteen of the old ones. Of a state with the rest still in it the kernel refuses IPv6 inside, for there it compares all sixteen.
 *  - Where it was lost. kernel-netlink deletes the old state before it finds that it cannot make the new one, and tells nobody.
 */
static bool moved_badly(const struct path *before, const struct path *now, ike_sa_t *ike_sa)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    bool bad = before->remote.family == 6 && now->remote.family == 4;
    child_sa_t *child_sa;

    while (!bad && children->enumerate(children, &child_sa))
        bad = child_sa->get_state(child_sa) == CHILD_INSTALLED && !can_receive(ike_sa, child_sa);
    children->destroy(children);
    return bad;
}

static status_t run_renew(ike_sa_t *ike_sa)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    child_sa_t *child_sa;
    uint32_t spi = 0;

    while (spi == 0 && children->enumerate(children, &child_sa))
        if (child_sa->get_state(child_sa) == CHILD_INSTALLED)
            spi = child_sa->get_spi(child_sa, TRUE);
    children->destroy(children);
    if (spi == 0 || task_under_way(ike_sa, TASK_CHILD_REKEY))
        return SUCCESS;
    return ike_sa->rekey_child_sa(ike_sa, PROTO_ESP, spi);
}

/* The SAs that we send by, and none of those that a rekeying has replaced. 0 or the first error. */
static int offload_children(ike_sa_t *ike_sa, uint32_t interval_sec)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    struct ip_addr remote = addr_of_host(ike_sa->get_other_host(ike_sa));
    child_sa_t *child_sa;
    int r = 0;

    while (r == 0 && children->enumerate(children, &child_sa))
        if (child_sa->get_state(child_sa) == CHILD_INSTALLED)
            r = sakeepalive_set(&remote, child_sa->get_spi(child_sa, FALSE), interval_sec);
    children->destroy(children);
    return r;
}

/* What the kernel sends by now, after so long a silence; 0: nothing. */
static uint32_t offloaded_sec(ike_sa_t *ike_sa)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    struct ip_addr remote = addr_of_host(ike_sa->get_other_host(ike_sa));
    child_sa_t *child_sa;
    int64_t sec = 0;

    while (sec <= 0 && children->enumerate(children, &child_sa))
        if (child_sa->get_state(child_sa) == CHILD_INSTALLED)
            sec = sakeepalive_get(&remote, child_sa->get_spi(child_sa, FALSE));
    children->destroy(children);
    return (uint32_t)MAX_OF(sec, INT64_C(0));
}

/* The first time: a timer of somebody else's may be set in the kernel for much later. If none is, a keepalive leaves with the SA. */
static int offload_first(struct ike *ike, ike_sa_t *ike_sa, uint32_t interval_sec)
{
    struct flow flow = flow_of_sa(ike_sa);
    uint32_t n_ours = atomic_load(&ike->n_keepalives);
    struct pin_target target;
    int r, fd;

    pin_get(&ike->pin, &target);
    fd = witness_open(target.ifindex, &flow.remote, flow.remote_port);
    if (fd < 0)
        return fd;
    r = offload_children(ike_sa, interval_sec);
    ike->offload_watch.witnessed = witness_close(fd, r == 0 ? WITNESS_MSEC : 0) && n_ours == atomic_load(&ike->n_keepalives);
    if (r < 0 || ike->offload_watch.witnessed)
        return r;
    r = offload_children(ike_sa, 0);
    return r < 0 ? r : -ETIME;
}

static void later(struct ike *ike, uint32_t sa, usec_t in_usec)
{
    struct sa_job *job = calloc(1, sizeof(*job));

    if (!job)
        return;
    *job = (struct sa_job){ ike, JOB_OFFLOAD, sa };
    lib->scheduler->schedule_job_ms(
        lib->scheduler, (job_t *)callback_job_create(run_job, job, free, NULL), (uint32_t)(in_usec / MSEC(1) + 1));
}

/* 0: they can be relied on; -EAGAIN: not yet, and it is looked at again; or why not. */
static int offload(struct ike *ike, ike_sa_t *ike_sa, uint32_t sa, uint32_t interval_sec)
{
    struct offload_watch *watch = &ike->offload_watch;
    usec_t now_usec = clock_boottime_usec();
    int r = interval_sec && !watch->witnessed ? offload_first(ike, ike_sa, interval_sec) : offload_children(ike_sa, interval_sec);

    offload_give(watch, now_usec, r < 0 ? 0 : interval_sec);
    if (r < 0 || !interval_sec || offload_counts_at(watch) <= now_usec)
        return r;
    later(ike, sa, usec_sub(offload_counts_at(watch), now_usec));
    return -EAGAIN;
}

/*
 * Another interval, or none any more, comes with a rekeying, which loses no packet: kernelesp.c gives the new SA its own. So is an SA made anew
 * that was lost in the attempt. The core keeps the mapping meanwhile.
 */
static status_t run_offload(struct ike *ike, ike_sa_t *ike_sa, uint32_t sa)
{
    struct event event = { .type = EVENT_OFFLOADED, .offloaded = { .interval_sec = atomic_load(&ike->offload_sec) } };
    uint32_t present_sec = offloaded_sec(ike_sa);
    int r;

    if (present_sec > 0 && present_sec != event.offloaded.interval_sec)
        return run_renew(ike_sa);
    pthread_mutex_lock(&ike->offload_lock);
    r = offload(ike, ike_sa, sa, event.offloaded.interval_sec);
    pthread_mutex_unlock(&ike->offload_lock);
    if (r == -EAGAIN)
        return SUCCESS;
    event.offloaded.done = r == 0;
    if (r < 0)
        atomic_store(&ike->offload_sec, 0);
    mailbox_post(ike->mailbox, satrack_attempt(&ike->track), &event);
    return r == -EIDRM ? run_renew(ike_sa) : SUCCESS;
}

static status_t run_observe(struct ike *ike, ike_sa_t *ike_sa, uint32_t sa)
{
    const struct path before = satrack_path(&ike->track);
    struct flow flow = flow_of_sa(ike_sa);
    struct path now;

    satrack_observe(&ike->track, sa, &flow, behind_nat(ike_sa), mobike_under_way(ike_sa));
    path_tell_mtu(ike, &flow);
    now = satrack_path(&ike->track);
    if ((!ip_addr_equal(&before.local, &now.local) || !ip_addr_equal(&before.remote, &now.remote)) &&
        moved_badly(&before, &now, ike_sa))
        return run_renew(ike_sa);
    return SUCCESS;
}

/*
 * The pin is set already. libcharon finds that the old path is not the best any more (pin_recheck makes it so even where only the interface
 * changed), probes the new one and then updates the gateway. A request that is under way on the old path is repeated on the new one at
 * once instead of after its timeout.
 */
static status_t run_migrate(struct ike *ike, ike_sa_t *ike_sa, uint32_t sa)
{
    bool in_flight = mobike_under_way(ike_sa);
    struct pin_target target;
    status_t status;

    satrack_move_begins(&ike->track, sa);
    if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE)) {
        satrack_move_failed(&ike->track, sa);
        return SUCCESS;
    }
    pin_get(&ike->pin, &target);
    ike_sa->clear_peer_addresses(ike_sa);
    ike_sa->add_peer_address(ike_sa, host_of_addr(&target.remote, 0));
    pin_recheck(&ike->pin);
    status = ike_sa->roam(ike_sa, FALSE);
    if (status == SUCCESS && in_flight)
        (void)ike_sa->retransmit(ike_sa, ike_sa->get_message_id(ike_sa, TRUE));
    if (status == SUCCESS && !mobike_under_way(ike_sa))
        run_observe(ike, ike_sa, sa);
    return status;
}

static status_t run_repeat(ike_sa_t *ike_sa)
{
    return mobike_under_way(ike_sa) ? ike_sa->retransmit(ike_sa, ike_sa->get_message_id(ike_sa, TRUE)) : SUCCESS;
}

/* The last CHILD SA went without the IKE SA: nothing can be sent any more. Unless libcharon is making another. */
static status_t run_childless(ike_sa_t *ike_sa)
{
    enumerator_t *children = ike_sa->create_child_sa_enumerator(ike_sa);
    bool alive = false;
    child_sa_t *child_sa;

    while (children->enumerate(children, &child_sa)) {
        child_sa_state_t state = child_sa->get_state(child_sa);

        alive |= state == CHILD_INSTALLED || state == CHILD_INSTALLING || state == CHILD_REKEYING ||
                 state == CHILD_UPDATING;
    }
    children->destroy(children);
    if (alive || task_under_way(ike_sa, TASK_CHILD_CREATE))
        return SUCCESS;
    return ike_sa->delete (ike_sa, FALSE);
}

static status_t run_on_sa(struct sa_job *job, ike_sa_t *ike_sa)
{
    switch (job->kind) {
    case JOB_ESTABLISHED:
        return run_established(job->ike, ike_sa, job->sa);
    case JOB_OBSERVE:
        return run_observe(job->ike, ike_sa, job->sa);
    case JOB_MIGRATE:
        return run_migrate(job->ike, ike_sa, job->sa);
    case JOB_REPEAT:
        return run_repeat(ike_sa);
    case JOB_LIVENESS:
        return ike_sa->send_dpd(ike_sa);
    case JOB_REKEYED:
        return run_rekeyed(ike_sa);
    case JOB_DELETE:
        return ike_sa->delete (ike_sa, FALSE);
    case JOB_DESTROY:
        return DESTROY_ME;
    case JOB_CHILDLESS:
        return run_childless(ike_sa);
    case JOB_OFFLOAD:
        return run_offload(job->ike, ike_sa, job->sa);
    case JOB_RENEW:
        return run_renew(ike_sa);
    }
    return SUCCESS;
}

static job_requeue_t run_job(void *data)
{
    struct sa_job *job = data;
    ike_sa_t *ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, job->sa);

    if (!ike_sa)
        return JOB_REQUEUE_NONE;
    if (run_on_sa(job, ike_sa) == DESTROY_ME)
        charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager, ike_sa);
    else
        charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
    return JOB_REQUEUE_NONE;
}

void job_queue(struct ike *ike, enum job_kind kind, uint32_t sa)
{
    struct sa_job *job = calloc(1, sizeof(*job));

    if (!job)
        return;
    job->ike = ike;
    job->kind = kind;
    job->sa = sa;
    lib->processor->queue_job(
        lib->processor, (job_t *)callback_job_create_with_prio(run_job, job, free, NULL, JOB_PRIO_HIGH));
}

/* Straight to the socket, which never blocks for one byte: a keepalive wakes no thread (RFC 3948, 2.3). */
int job_send_keepalive(struct ike *ike)
{
    static const uint8_t keepalive = 0xff;
    struct udp_path path;
    struct flow flow;

    if (satrack_up(&ike->track, &flow) == 0 || flow.remote.family == 0)
        return -ENOTCONN;
    atomic_fetch_add(&ike->n_keepalives, 1);
    path = (struct udp_path){ .remote = { flow.remote, flow.remote_port }, .local = flow.local };
    return datapath_send(ike->datapath, &path, flow.local_port, &keepalive, sizeof(keepalive));
}
