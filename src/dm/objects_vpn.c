/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VPNv2 as Microsoft defines it, as far as mvpn can do what it says. A profile is judged whole after each change, so that the order in which
 * a server sends the nodes does not matter, and ProfileXML and single nodes are judged alike.
 */
#include "dm/definition.h"

#include "dm/cryptosuite.h"
#include "dm/verbs.h"

#include <string.h>

static const struct dm_def route[] = {
    DM_LEAF("Address", CHR, .max_bytes = 64),
    DM_LEAF("PrefixSize", INT, .values = "0..128"),
    DM_LEAF("Metric", INT, .values = "0..9999"),
    DM_LEAF("ExclusionRoute", BOOL, .values = "false"), /* nothing goes past the tunnel */
};
static const struct dm_def routes[] = { DM_NODE(NULL, route) };

static const struct dm_def domain[] = {
    DM_LEAF("DomainName", CHR, .max_bytes = 255),
    DM_LEAF("DnsServers", CHR, .max_bytes = 255),
    DM_LEAF("Persistent", BOOL),
    DM_LEAF("AutoTrigger", BOOL, .values = "false"),
};
static const struct dm_def domains[] = { DM_NODE(NULL, domain) };

static const struct dm_def filter[] = {
    DM_LEAF("RemoteAddressRanges", CHR, .max_bytes = 1024),
    DM_LEAF("Direction", CHR, .values = "outbound|Outbound"),
    DM_LEAF("RoutingPolicyType", CHR, .values = "ForceTunnel|SplitPolicyTunnel"),
};
static const struct dm_def filters[] = { DM_NODE(NULL, filter) };

static const struct dm_def cryptography[] = {
    DM_LEAF("AuthenticationTransformConstants", CHR, .max_bytes = 32),
    DM_LEAF("CipherTransformConstants", CHR, .max_bytes = 32),
    DM_LEAF("EncryptionMethod", CHR, .max_bytes = 32),
    DM_LEAF("IntegrityCheckMethod", CHR, .max_bytes = 32),
    DM_LEAF("DHGroup", CHR, .max_bytes = 32),
    DM_LEAF("PfsGroup", CHR, .max_bytes = 32),
};
static const struct dm_def authentication[] = {
    DM_LEAF("MachineMethod", CHR, .values = "Certificate"),
};
static const struct dm_def native[] = {
    DM_LEAF("Servers", CHR, .max_bytes = 1024),
    DM_LEAF("RoutingPolicyType", CHR, .values = "ForceTunnel|SplitTunnel"),
    DM_LEAF("NativeProtocolType", CHR, .values = "IKEv2"),
    DM_NODE("Authentication", authentication),
    DM_NODE("CryptographySuite", cryptography),
    DM_LEAF("DisableClassBasedDefaultRoute", BOOL),
};
/* mvpn sets no proxy: no value of these is supported. */
static const struct dm_def proxy_manual[] = { DM_LEAF("Server", CHR, .values = "") };
static const struct dm_def proxy[] = { DM_NODE("Manual", proxy_manual), DM_LEAF("AutoConfigUrl", CHR, .values = "") };

static const struct dm_def profile[] = {
    DM_LEAF("AlwaysOn", BOOL),
    DM_LEAF("DeviceTunnel", BOOL),
    DM_LEAF("LockDown", BOOL),
    DM_LEAF("DisableDisconnectButton", BOOL),
    DM_LEAF("DisableIKEv2Fragmentation", BOOL, .values = "false"), /* fragments are always understood */
    DM_LEAF("NetworkOutageTime", INT, .values = "0"),              /* the tunnel is never given up */
    DM_LEAF("IPv4InterfaceMetric", INT, .values = "1..9999"),
    DM_LEAF("IPv6InterfaceMetric", INT, .values = "1..9999"),
    DM_LEAF("RegisterDNS", BOOL, .values = "false"),
    DM_LEAF("RememberCredentials", BOOL),
    DM_LEAF("DnsSuffix", CHR, .max_bytes = 1024),
    DM_LEAF("TrustedNetworkDetection", CHR, .max_bytes = 1024), /* without effect: no suffix that DHCP sends takes the tunnel down */
    DM_LEAF("ProfileXML", XML, .expand = dm_vpn_expand_profile),
    DM_NODE("Proxy", proxy),
    DM_NODE("RouteList", routes),
    DM_NODE("DomainNameInformationList", domains),
    DM_NODE("TrafficFilterList", filters),
    DM_NODE("NativeProfile", native),
};
static const struct dm_def profiles[] = { DM_NODE(NULL, profile, .verify = dm_vpn_verify_profile) };
const struct dm_def dm_object_vpnv2 = DM_GROUP("VPNv2", profiles, .verify = dm_vpn_verify);

/* A suffix that a DHCP server sends is no proof of a network: under LockDown nothing may open for it, nor is there another way out. */
static unsigned verify_lockdown(const struct dm_node *node, struct dm_error *error)
{
    const struct dm_node *detection = dm_tree_child(node, "TrustedNetworkDetection");
    const struct dm_node *filters_node = dm_tree_child(node, "TrafficFilterList");

    if (!dm_node_true(node, "LockDown"))
        return 0;
    if (detection && detection->size)
        return dm_refuse(error, 406, "TrustedNetworkDetection is not supported under LockDown: the suffix of a network can be forged");
    if (strcmp(dm_node_text(dm_tree_child(node, "NativeProfile"), "RoutingPolicyType"), "SplitTunnel") == 0)
        return dm_refuse(error, 406, "RoutingPolicyType SplitTunnel is not supported under LockDown");
    for (const struct dm_node *f = filters_node ? filters_node->children : NULL; f; f = f->next)
        if (strcmp(dm_node_text(f, "RoutingPolicyType"), "SplitPolicyTunnel") == 0)
            return dm_refuse(error, 406, "a split RoutingPolicyType is not supported under LockDown");
    return 0;
}

unsigned dm_vpn_verify_profile(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const struct dm_node *suite = dm_tree_child(dm_tree_child(node, "NativeProfile"), "CryptographySuite");
    unsigned status = verify_lockdown(node, error);

    (void)tree;
    (void)request;
    return status || !suite ? status : dm_crypto_check(suite, error);
}

unsigned dm_vpn_verify(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    unsigned n = 0;

    (void)tree;
    (void)request;
    for (const struct dm_node *p = node->children; p; p = p->next)
        n += dm_node_true(p, "AlwaysOn");
    return n > 1 ? dm_refuse(error, 406, "another profile is AlwaysOn already: there is one tunnel") : 0;
}
