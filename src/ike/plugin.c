/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we put in the place of strongSwan's plugins: the two kernel interfaces, the socket and the fetcher; and the list of its plugins that we
 * do load. No plugin that adds routes, resolves names, runs scripts or opens a control socket is among them.
 */
#include "ike/charon.h"

#include "base/macro.h"
#include "base/strbuf.h"

#define PLUGINS "random nonce openssl pem pkcs1 pkcs8 x509 revocation constraints pubkey kdf"

#define N_USER_ESP 2 /* the first features: the kernel's IPsec as we play it */

void plugin_add_features(const struct ike *ike)
{
    plugin_feature_t features[] = {
        PLUGIN_CALLBACK(kernel_ipsec_register, kernel_ipsec_create),
        PLUGIN_PROVIDE(CUSTOM, "kernel-ipsec"),
        PLUGIN_CALLBACK(kernel_net_register, kernel_net_create),
        PLUGIN_PROVIDE(CUSTOM, "kernel-net"),
        PLUGIN_CALLBACK(socket_register, ike_socket_create),
        PLUGIN_PROVIDE(CUSTOM, "socket"),
        PLUGIN_DEPENDS(CUSTOM, "kernel-ipsec"),
        PLUGIN_REGISTER(FETCHER, fetcher_create),
        PLUGIN_PROVIDE(FETCHER, "http://"),
    };
    /* with the kernel's ESP, its plugin brings the former; its view of the network comes second, hence is refused */
    plugin_feature_t *first = ike->profile.kernel ? &features[N_USER_ESP] : features;
    unsigned n = ELEMENTSOF(features) - (unsigned)(first - features);

    lib->plugins->add_static_features(lib->plugins, "mvpn", first, (int)n, TRUE, NULL, NULL);
}

void plugin_list(const struct ike *ike, char *buf, size_t size)
{
    struct strbuf list;
    bool token = token_is_uri(ike->profile.private_key) || token_is_uri(ike->profile.certificate);

    strbuf_init(&list, buf, size);
    strbuf_add(&list, "%s%s%s", PLUGINS, ike->profile.kernel ? " kernel-netlink" : "", token ? " pkcs11" : "");
}
