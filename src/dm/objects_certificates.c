/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CertificateStore, RootCATrustedCertificates and ClientCertificateInstall/SCEP as Microsoft defines them. What is put here goes into mvpn's
 * own stores, never into the system's. Keys are made on the device: there is no way to send one (PFXCertInstall is not there).
 */
#include "dm/definition.h"

#include "dm/storecert.h"
#include "dm/verbs.h"

#include <string.h>

#define CERTIFICATE_BYTES_MAX 16384

static bool is_thumbprint(const char *name)
{
    return strlen(name) == 40 && strspn(name, "0123456789abcdefABCDEF") == 40;
}

/* The name of a certificate's node is its SHA-1 thumbprint in hexadecimal, and it is an authority's. */
static unsigned verify_certificate(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    (void)tree;
    (void)request;
    if (!is_thumbprint(node->name))
        return dm_refuse(error, 406, "a certificate is named by its thumbprint, 40 hexadecimal digits");
    return dm_store_certificate_check(node, error);
}

static const struct dm_def certificate[] = {
    DM_LEAF("EncodedCertificate", B64, .max_bytes = CERTIFICATE_BYTES_MAX),
    DM_READ("IssuedBy", CHR),
    DM_READ("IssuedTo", CHR),
    DM_READ("ValidFrom", CHR),
    DM_READ("ValidTo", CHR),
};
static const struct dm_def certificates[] = { DM_NODE(NULL, certificate, .verify = verify_certificate) };

/* Our own certificates can be seen; they come by enrolment. */
static const struct dm_def own_certificate[] = {
    DM_READ("EncodedCertificate", B64),
    DM_READ("IssuedBy", CHR),
    DM_READ("IssuedTo", CHR),
    DM_READ("ValidFrom", CHR),
    DM_READ("ValidTo", CHR),
};
static const struct dm_def own_certificates[] = {
    { .access = DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(own_certificate) },
};

static const struct dm_def system_store[] = { DM_GROUP("System", certificates) };

static unsigned verify_server_url(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    (void)tree;
    if (!node->size || (request->origins && dm_origin_allows(request->origins, node->data)))
        return 0;
    return dm_refuse(error, 406, "ServerURL: only https to the server's own origin or one named at enrolment");
}

static const struct dm_def renew[] = {
    DM_FIXED("ServerURL", CHR, .max_bytes = 1024, .verify = verify_server_url),
    DM_FIXED("RenewPeriod", INT, .values = "1..1000"),
    DM_FIXED("RetryInterval", INT, .values = "1..1000"),
    DM_FIXED("ROBOSupport", BOOL),
    DM_READ("Status", INT),
    DM_READ("ErrorCode", INT),
    DM_READ("LastRenewalAttemptTime", CHR),
    DM_EXEC("RenewNow", DM_EXEC_RENEW),
};
static const struct dm_def wstep[] = { DM_GROUP("Renew", renew) };
static const struct dm_def my_store[] = { DM_GROUP("System", own_certificates), DM_GROUP("WSTEP", wstep) };
static const struct dm_def store[] = {
    DM_GROUP("Root", system_store),
    DM_GROUP("CA", system_store),
    DM_GROUP("My", my_store),
};
const struct dm_def dm_object_certificate_store = DM_GROUP("CertificateStore", store);

static const struct dm_def root_stores[] = { DM_GROUP("Root", certificates), DM_GROUP("CA", certificates) };
const struct dm_def dm_object_root_certificates = DM_GROUP("RootCATrustedCertificates", root_stores);

/* Several hashes may be named, separated by '+'; the weak ones are not supported. */
static unsigned verify_hash(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    (void)tree;
    (void)request;
    return strstr(node->data, "SHA-2") || strstr(node->data, "SHA-3") || strstr(node->data, "SHA-5")
               ? 0
               : dm_refuse(error, 406, "HashAlgorithm: one of SHA-2 is needed");
}

static const struct dm_def scep_install[] = {
    DM_LEAF("ServerURL", CHR, .max_bytes = 1024),
    DM_SECRET("Challenge", CHR, .max_bytes = 256),
    DM_LEAF("EKUMapping", CHR, .max_bytes = 1024),
    DM_LEAF("KeyUsage", INT, .values = "0..255"),
    DM_LEAF("SubjectName", CHR, .max_bytes = 1024),
    DM_LEAF("SubjectAlternativeNames", CHR, .max_bytes = 1024),
    DM_LEAF("KeyProtection", INT, .values = "3"), /* in software; the key never leaves the device anyhow */
    DM_LEAF("RetryDelay", INT, .values = "1..1440"),
    DM_LEAF("RetryCount", INT, .values = "0..30"),
    DM_LEAF("TemplateName", CHR, .max_bytes = 256),
    DM_LEAF("KeyLength", INT, .values = "2048|3072|4096"),
    DM_LEAF("HashAlgorithm", CHR, .max_bytes = 64, .verify = verify_hash),
    DM_LEAF("CAThumbprint", CHR, .max_bytes = 128),
    DM_LEAF("ValidPeriod", CHR, .values = "Days|Months|Years"),
    DM_LEAF("ValidPeriodUnits", INT, .values = "0..36500"),
    { .name = "Enroll", .access = DM_A | DM_E, .format = DM_FORMAT_CHR, .permanent = true, .exec = DM_EXEC_SCEP_ENROLL },
};
static const struct dm_def scep_entry[] = {
    DM_NODE("Install", scep_install),
    DM_READ("CertThumbprint", CHR),
    DM_READ("Status", INT),
    DM_READ("ErrorCode", INT),
    DM_READ("RespondentServerUrl", CHR),
};
static const struct dm_def scep_entries[] = { DM_NODE(NULL, scep_entry) };
static const struct dm_def client_certificate[] = { DM_GROUP("SCEP", scep_entries) };
const struct dm_def dm_object_client_certificate = DM_GROUP("ClientCertificateInstall", client_certificate);
