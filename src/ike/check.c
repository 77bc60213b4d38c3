/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the strongSwan that is loaded the one that mvpn was built for? Three looks, each before the first method call that depends on it: what
 * the libraries export, and whether the method tables of the two central objects hold pointers into the right library (and none where
 * there must be none). A mismatch is a sentence, never a crash.
 */
#include "ike/charon.h"

#include "base/macro.h"
#include "ike/fingerprint.h"
#include "ike_fingerprints.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

static int mismatch(char *ret_error, size_t size, const char *what)
{
    snprintf(ret_error, size,
        "The installed strongSwan is not the version %s that mvpn was built for (%s differs); install the "
        "mvpn that "
        "belongs to it.",
        VERSION, what);
    return -ELIBBAD;
}

int check_library_exports(char *ret_error, size_t size)
{
    static const struct {
        const char *library;
        uint64_t fingerprint;
    } expected[] = {
        { "libstrongswan.so.0", FINGERPRINT_STRONGSWAN },
        { "libcharon.so.0", FINGERPRINT_CHARON },
    };

    for (size_t i = 0; i < ELEMENTSOF(expected); i++)
        if (fingerprint_of(expected[i].library) != expected[i].fingerprint)
            return mismatch(ret_error, size, expected[i].library);
    return 0;
}

/* Is this a function of that library? */
static bool is_function_of(const void *pointer, const char *library)
{
    Dl_info info;

    return pointer && dladdr(pointer, &info) && info.dli_fname && strstr(info.dli_fname, library);
}

static bool all_functions_of(const void *const pointers[], size_t n_pointers, const char *library)
{
    for (size_t i = 0; i < n_pointers; i++)
        if (!is_function_of(pointers[i], library))
            return false;
    return true;
}

int check_library_layout(char *ret_error, size_t size)
{
    /* short-circuit: an object is looked into only after the table that holds it was found right */
    const void *const own[] = { (void *)lib->get, (void *)lib->set };

    if (!lib->ns || strcmp(lib->ns, "mvpnd") != 0 || !all_functions_of(own, ELEMENTSOF(own), "libstrongswan"))
        return mismatch(ret_error, size, "library_t");
    if (!lib->settings || !lib->plugins || !lib->credmgr || !lib->processor || !lib->creds)
        return mismatch(ret_error, size, "library_t");

    const void *const objects[] = {
        (void *)lib->settings->set_str,
        (void *)lib->settings->destroy,
        (void *)lib->plugins->add_static_features,
        (void *)lib->plugins->destroy,
        (void *)lib->credmgr->add_set,
        (void *)lib->credmgr->destroy,
        (void *)lib->processor->queue_job,
        (void *)lib->processor->destroy,
        (void *)lib->creds->create,
    };
    if (!all_functions_of(objects, ELEMENTSOF(objects), "libstrongswan"))
        return mismatch(ret_error, size, "library_t");
    return 0;
}

int check_charon_layout(char *ret_error, size_t size)
{
    const void *const own[] = { (void *)charon->initialize, (void *)charon->start,
        (void *)charon->load_loggers, (void *)charon->set_default_loggers, (void *)charon->set_level };

    if (!all_functions_of(own, ELEMENTSOF(own), "libcharon"))
        return mismatch(ret_error, size, "daemon_t");
    /* these come with the plugins, so now their places must be empty */
    if (charon->ike_sa_manager || charon->child_sa_manager || charon->sender || charon->receiver)
        return mismatch(ret_error, size, "daemon_t");
    if (!charon->bus || !charon->kernel || !charon->socket || !charon->attributes)
        return mismatch(ret_error, size, "daemon_t");

    const void *const objects[] = {
        (void *)charon->bus->add_listener,
        (void *)charon->bus->destroy,
        (void *)charon->kernel->get_source_addr,
        (void *)charon->kernel->expire,
        (void *)charon->kernel->destroy,
        (void *)charon->socket->add_socket,
        (void *)charon->socket->destroy,
        (void *)charon->attributes->add_handler,
        (void *)charon->attributes->destroy,
    };
    if (!all_functions_of(objects, ELEMENTSOF(objects), "libcharon"))
        return mismatch(ret_error, size, "daemon_t");
    return 0;
}

int ike_check_library(char *ret_error, size_t size)
{
    int r = check_library_exports(ret_error, size);

    if (r < 0 || lib)
        return r;
    if (!library_init("", "mvpnd"))
        r = mismatch(ret_error, size, "its own self-test");
    if (r == 0)
        r = check_library_layout(ret_error, size);
    if (r == 0) {
        r = libcharon_init() ? check_charon_layout(ret_error, size)
                             : mismatch(ret_error, size, "its own self-test");
        if (r == 0)
            libcharon_deinit();
    }
    if (r == 0)
        library_deinit();
    /* after a mismatch nothing of it is called any more, not even to take it down */
    return r;
}
