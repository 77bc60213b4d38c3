/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we put in the place of strongSwan's plugins: the two kernel interfaces, the socket and the fetcher; and the list of its plugins that we
 * do load. No plugin that adds routes, resolves names, runs scripts or opens a control socket is among them.
 */
#include "ike/charon.h"

#include "base/macro.h"
#include "base/strbuf.h"

#define PLUGINS "random nonce openssl pem pkcs1 pkcs8 x509 revocation constraints pubkey kdf"

void plugin_add_features(void)
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

    lib->plugins->add_static_features(lib->plugins, "mvpn", features, ELEMENTSOF(features), TRUE, NULL, NULL);
}

void plugin_list(const struct ike *ike, char *buf, size_t size)
{
    struct strbuf list;
    bool token = token_is_uri(ike->profile.private_key) || token_is_uri(ike->profile.certificate);

    strbuf_init(&list, buf, size);
    strbuf_add(&list, "%s%s", PLUGINS, token ? " pkcs11" : "");
}
