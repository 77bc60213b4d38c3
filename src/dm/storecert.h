/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Certificates that a server puts into CertificateStore and RootCATrustedCertificates. Decides whether what was put there is one certificate
 * of an authority under its own thumbprint; hands the roots out as PEM, for mvpn's own store and never for the system's. Judges no chain:
 * who may be believed for what is decided where the roots are used.
 */
struct dm_tree;
struct dm_node;
struct dm_error;

/* node: what is called by the thumbprint. 0 (also while it is empty yet), 406, or 500 without memory. */
unsigned dm_store_certificate_check(const struct dm_node *node, struct dm_error *error);

/* PEM of all in the Root stores, each once; for free(). "" for none, NULL: no memory. */
char *dm_store_roots_pem(struct dm_tree *tree);
