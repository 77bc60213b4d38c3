# SPDX-License-Identifier: GPL-2.0-or-later
# The engine of 'mvpnctl check'. Never links libcharon: its libraries are loaded in a child, so that mvpnctl works without them.
add_library(mvpn-ctl-check STATIC check.c check_config.c check_credentials.c check_daemon.c check_files.c check_firewalls.c check_gateway.c
  check_kernel.c check_libraries.c check_namespace.c check_netlink.c check_print.c check_programs.c check_routing.c check_services.c)
target_link_libraries(mvpn-ctl-check PUBLIC mvpn-ctl-view mvpn-config mvpn-core mvpn-fw mvpn-sys-restore PkgConfig::SYSTEMD PkgConfig::JSONC)

target_compile_definitions(mvpn-ctl-check PRIVATE MVPN_BUILD_TIME=INT64_C\(${MVPN_BUILD_TIME}\)) # no clock is before it

if(TARGET mvpn-sys AND TARGET mvpn-net)
  target_compile_definitions(mvpn-ctl-check PRIVATE CTL_CHECK_RESOLVER)
  target_link_libraries(mvpn-ctl-check PUBLIC mvpn-sys mvpn-net)
endif()
if(TARGET mvpn-ike AND STRONGSWAN_CHARON_LIBRARY)
  get_filename_component(strongswan_dir ${STRONGSWAN_CHARON_LIBRARY} DIRECTORY)
  get_target_property(ike_binary_dir mvpn-ike BINARY_DIR)
  target_include_directories(mvpn-ctl-check PRIVATE ${ike_binary_dir})
  target_compile_definitions(mvpn-ctl-check PRIVATE CTL_STRONGSWAN_DIR="${strongswan_dir}")
  target_link_libraries(mvpn-ctl-check PRIVATE mvpn-fingerprint ${CMAKE_DL_LIBS})
  add_dependencies(mvpn-ctl-check mvpn-ike) # makes ike_fingerprints.h
endif()
