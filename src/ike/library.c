/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libstrongswan and libcharon up and down again, in the one order in which that works, and every setting they get. No file of
 * strongSwan's configuration is read: a gateway or another client on the same machine stays what it is.
 * Credentials go before the plugins, whose code they are made of.
 */
#include "ike/charon.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#define OBJECT_NAME "mvpn-ike"
#define N_THREADS   8 /* libcharon keeps four, a token's module one; the rest works */

struct ike *ike_of_library(void)
{
    return lib->get(lib, OBJECT_NAME);
}

int library_set_error(struct ike *ike, int r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(ike->error, sizeof(ike->error), format, args);
    va_end(args);
    return r;
}

/* The whole path is the "format": dots in an argument of it would not separate sections. */
#define SETTING_PATH "mvpnd."

static void set_str(const char *key, const char *value)
{
    char path[128];

    snprintf(path, sizeof(path), SETTING_PATH "%s", key);
    lib->settings->set_str(lib->settings, path, (char *)value);
}

static void set_bool(const char *key, bool value)
{
    set_str(key, value ? "yes" : "no");
}

static void set_int(const char *key, int value)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", value);
    set_str(key, text);
}

static void apply_settings(const struct ike *ike)
{
    const char *debug_file = getenv("MVPN_IKE_DEBUG");

    set_int("threads", N_THREADS);
    set_int("keep_alive", 0);
    set_str("retransmit_timeout", "0.6");
    set_str("retransmit_base", "2.0");
    set_int("retransmit_tries", 3);
    set_int("host_resolver.min_threads", 0);
    set_int("half_open_timeout", 30);
    set_bool("initiator_only", true);
    set_bool("close_ike_on_child_failure", true);
    set_bool("install_routes", false);
    set_bool("install_virtual_ip", false);
    set_bool("reuse_ikesa", false);
    set_bool("prefer_best_path", true);
    set_bool("check_current_path", true);
    set_bool("send_vendor_id", false);
    if (ike->profile.kernel)
        kernelesp_settings(ike);
    set_bool("plugins.revocation.enable_crl", ike->profile.check_revocation != CHECK_REVOCATION_NO);
    set_bool("plugins.revocation.enable_ocsp", ike->profile.check_revocation != CHECK_REVOCATION_NO);
    if (debug_file && *debug_file) {
        set_str("filelog.debug.path", debug_file);
        set_str("filelog.debug.time_format", "%T");
        set_bool("filelog.debug.time_add_ms", true);
        set_bool("filelog.debug.flush_line", true);
        set_int("filelog.debug.default", 2); /* keys are from level 3 on */
        set_int("filelog.debug.enc", 1);
    }
}

static int start_charon(struct ike *ike)
{
    char plugins[256];
    int r;

    if (!libcharon_init())
        return library_set_error(ike, -ELIBBAD, "libcharon refuses to start.");
    ike->charon_up = true;
    r = check_charon_layout(ike->error, sizeof(ike->error));
    if (r < 0)
        return r;
    charon->load_loggers(charon);
    plugin_add_features(ike);
    plugin_list(ike, plugins, sizeof(plugins));
    /* a feature of ours that failed has said why; libcharon asks no socket whether it could be made */
    if (charon->initialize(charon, plugins) && ike->error[0] == '\0')
        return 0;
    if (ike->error[0] == '\0')
        library_set_error(ike, -ELIBACC,
            "strongSwan's plugins cannot be loaded; install the packages libstrongswan, strongswan-libcharon "
            "and, for a key in a token, libstrongswan-extra-plugins.");
    return -ELIBACC;
}

static void start_threads(void)
{
    sigset_t all, before;

    /* signals are the main thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    charon->start(charon);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int library_start(struct ike *ike)
{
    int r;

    r = check_library_exports(ike->error, sizeof(ike->error));
    if (r < 0)
        return r;
    ike->library_up = true; /* also when it fails: it must be taken down */
    if (!library_init("", "mvpnd"))
        return library_set_error(ike, -ELIBBAD, "libstrongswan refuses to start.");
    r = check_library_layout(ike->error, sizeof(ike->error));
    if (r < 0)
        return r;
    lib->set(lib, OBJECT_NAME, ike);
    apply_settings(ike);
    r = token_configure(ike);
    if (r < 0)
        return r;
    r = start_charon(ike);
    if (r < 0)
        return r;

    if ((r = credentials_load(ike)) < 0 || (r = validator_add(ike)) < 0 || (r = attributes_add(ike)) < 0 ||
        (r = listener_add(ike)) < 0 || (r = proposals_check(ike)) < 0 || (r = kernelesp_start(ike)) < 0)
        return r;
    start_threads();
    return 0;
}

/* DELETE where an SA stands, sent before the sockets go; nothing waits for the answer. */
static void end_sas(struct ike *ike)
{
    if (!charon->ike_sa_manager)
        return;
    charon->ike_sa_manager->flush(charon->ike_sa_manager);
    if (ike->running)
        charon->sender->flush(charon->sender);
}

void library_stop(struct ike *ike)
{
    if (ike->charon_up) {
        if (ike->fetches)
            fetches_stop(ike->fetches);
        listener_remove(ike);
        kernelesp_stop(ike);
        end_sas(ike);
        attributes_remove(ike);
        validator_remove(ike);
        credentials_unload(ike);
        libcharon_deinit();
        ike->charon_up = false;
    }
    if (ike->library_up)
        library_deinit();
    ike->library_up = false;
    pin_forget_sockets(&ike->pin);
}
