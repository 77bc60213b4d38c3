/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * MESSAGE_ID of mvpnd's lines in the journal: one for each state that is entered, and for what needs a person. The text for each stands in
 * mvpnd.catalog ('journalctl -x' shows it). Usage: "MESSAGE_ID=" MVPN_MESSAGE_CONNECTED
 */
#define MVPN_MESSAGE_DISABLED          "ebb63b15477247bda872307cafe29391" /* state disabled */
#define MVPN_MESSAGE_OFFLINE           "5855fb521ebe4a2a963921532eb53eb0" /* state offline */
#define MVPN_MESSAGE_ARMED             "caeb77fe64d9440a86a7772776afee9a" /* state armed */
#define MVPN_MESSAGE_CONNECTING        "24b13a84a5c14c198a9b0201de00608a" /* state connecting */
#define MVPN_MESSAGE_CONNECTED         "73ac796802cc44e6951b5001c1396ec5" /* state connected */
#define MVPN_MESSAGE_BACKOFF           "a00326c24c1d4e58ac805263125e42de" /* state backoff */
#define MVPN_MESSAGE_FAILED            "e6f3756c9d054346893b9eeed1bbc7a9" /* state failed */
#define MVPN_MESSAGE_DISCONNECTING     "ef71225479c0404ebabd7dfa8b42a841" /* state disconnecting */
#define MVPN_MESSAGE_LOCKDOWN_FAILED   "7ebd7c05ccba4ff3a96e343b57c30866" /* the firewall could not be installed or removed */
#define MVPN_MESSAGE_FIREWALL_RESTORED "8b60fc0c27ac4373a64947a7d300c896" /* somebody removed our rules; they are back */
#define MVPN_MESSAGE_CONFIG_ERROR      "bf5fc25b21a64924a9644ae04adfca37" /* a configuration was refused */
#define MVPN_MESSAGE_POLICY_ROLLED_BACK "668d8909fefa495697b64be3db49be41" /* a policy was taken back */
