/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing list of netlink requests. Never sends.
 */
#include "net/queue.h"

#include "base/cleanup.h"
#include "net/channel.h"

#include <errno.h>
#include <netlink/msg.h>
#include <stdlib.h>

int channel_queue_echo(struct channel_queue *queue, int type, const struct nlmsghdr *header)
{
    struct nl_msg *msg;

    if (queue->n_msgs == queue->room) {
        unsigned room = queue->room ? queue->room * 2 : 8;
        struct nl_msg **msgs = reallocarray(queue->msgs, room, sizeof(*msgs));
        if (!msgs)
            return -ENOMEM;
        queue->msgs = msgs;
        queue->room = room;
    }
    msg = channel_message(type, 0, nlmsg_data(header), nlmsg_datalen(header));
    if (!msg)
        return -ENOMEM;
    queue->msgs[queue->n_msgs++] = msg;
    return 0;
}

struct nl_msg *channel_queue_take(struct channel_queue *queue, unsigned i)
{
    return steal_ptr(&queue->msgs[i]);
}

void channel_queue_clear(struct channel_queue *queue)
{
    for (unsigned i = 0; i < queue->n_msgs; i++)
        nlmsg_free(queue->msgs[i]); /* NULL where it was taken */
    free(queue->msgs);
    *queue = (struct channel_queue){ 0 };
}
