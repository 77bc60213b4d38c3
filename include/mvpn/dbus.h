/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpn on the system bus: the names that other programs need to talk to mvpnd. What each method, property and signal means stands in
 * org.mvpn1.Manager.xml, which is installed where D-Bus interfaces are described.
 */

#define MVPN_BUS_NAME      "org.mvpn1"
#define MVPN_BUS_PATH      "/org/mvpn1"
#define MVPN_BUS_INTERFACE "org.mvpn1.Manager"

/* mvpn-dm, which is started when it is called: enrolment and management. */
#define MVPN_DM_BUS_NAME      "org.mvpn1.Management"
#define MVPN_DM_BUS_PATH      "/org/mvpn1/Management"
#define MVPN_DM_BUS_INTERFACE "org.mvpn1.Management"

/* Errors of the methods; the message that comes with them says what to do. */
#define MVPN_ERROR_PREFIX "org.mvpn1.Error."

#define MVPN_ERROR_FAILED                MVPN_ERROR_PREFIX "Failed"
#define MVPN_ERROR_NOT_PERMITTED         MVPN_ERROR_PREFIX "NotPermitted" /* by polkit, or not root where there is no polkit */
#define MVPN_ERROR_DISABLE_FORBIDDEN     MVPN_ERROR_PREFIX "DisableForbidden" /* the administrator's UserMayDisable=no */
#define MVPN_ERROR_NOT_ENABLED           MVPN_ERROR_PREFIX "NotEnabled" /* Connect and Disconnect while disabled */
#define MVPN_ERROR_CONFIGURATION_INVALID MVPN_ERROR_PREFIX "ConfigurationInvalid" /* Reload; the old one stays in force */
#define MVPN_ERROR_LOCKDOWN_FAILED       MVPN_ERROR_PREFIX "LockdownFailed" /* the firewall could not be installed or removed */
#define MVPN_ERROR_BUSY                  MVPN_ERROR_PREFIX "Busy" /* too many calls wait for their authorisation */
#define MVPN_ERROR_NOT_ENROLLED          MVPN_ERROR_PREFIX "NotEnrolled" /* org.mvpn1.Management: Sync, Show */
#define MVPN_ERROR_ENROLLED              MVPN_ERROR_PREFIX "Enrolled" /* Enroll: it is already */
#define MVPN_ERROR_SERVER_REFUSED        MVPN_ERROR_PREFIX "ServerRefused" /* the password or the device; another try needs a new one */
#define MVPN_ERROR_SERVER_UNREACHABLE    MVPN_ERROR_PREFIX "ServerUnreachable"
#define MVPN_ERROR_SERVER_UNTRUSTED      MVPN_ERROR_PREFIX "ServerUntrusted" /* it, or what it sent, is not to be believed */
#define MVPN_ERROR_POLICY_REFUSED        MVPN_ERROR_PREFIX "PolicyRefused" /* mvpnd did not take the policy, or is not there */

#define MVPN_ERROR_POLICY_INVALID        MVPN_ERROR_PREFIX "PolicyInvalid" /* CheckPolicy and ApplyPolicy; nothing has changed */
#define MVPN_ERROR_NOTHING_TO_ROLL_BACK  MVPN_ERROR_PREFIX "NothingToRollBack" /* RollbackPolicy */

/* Who may set a policy, besides root: the user of mvpn-dm. */
#define MVPN_DM_USER "mvpn-dm"

/* polkit actions */
#define MVPN_ACTION_CONTROL "org.mvpn1.control"
#define MVPN_ACTION_DISABLE "org.mvpn1.disable"
#define MVPN_ACTION_ENROL   "org.mvpn1.enrol"
