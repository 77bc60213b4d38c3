/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A self-signed certificate of an authority that nobody has the key of, and its thumbprint.
 */
#define A_CERTIFICATE \
    "MIIBpzCCAU+gAwIBAgIUSo5dqErUDO87onPk9W9OjeY79bAwCgYIKoZIzj0EAwIwKTEQMA4GA1UECgwHRXhhbXBsZTEVMBMGA1UE" \
    "AwwMRXhhbXBsZSBSb290MCAXDTI2MTEyNjA2MTAyNloYDzIxMjYxMTAyMDYxMDI2WjApMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYD" \
    "VQQDDAxFeGFtcGxlIFJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARuATLM8RlY5RHZJRw8D0itaNyJkffA0HXcT3P+UhDv" \
    "wLc8I4soREy5CZRamk4do0AlTTTvffxWBaq5yVmAc2Eio1MwUTAdBgNVHQ4EFgQU+ezsVN/rcJ/g77J+l8+acPLZeOAwHwYDVR0j" \
    "BBgwFoAU+ezsVN/rcJ/g77J+l8+acPLZeOAwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNGADBDAh8OJzzMCmL/x9FBfzh3" \
    "a2uztrzRa9lOREaD1h0h+fdsAiA3yF/yofklm/ozyFO0JsBwAruZKqezkAmdc/7Dj6FWrQ=="
#define A_THUMBPRINT "1f805187b01304c6d68e4b399d8fe740d5379382"
