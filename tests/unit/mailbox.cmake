# SPDX-License-Identifier: GPL-2.0-or-later
# src/ike without libcharon: what its threads share with ours. The data path waits in real time, so it is not called a unit test.
foreach(part mailbox satrack expiry samsg)
  mvpn_add_test(NAME ${part} LABEL unit SOURCES ${part}-test.c LINK mvpn-mailbox mvpn-core mvpn-base)
endforeach()
mvpn_add_test(NAME datapath LABEL adapter SOURCES datapath-test.c LINK mvpn-mailbox mvpn-core mvpn-base)

# The same, compiled whole with ThreadSanitizer, whatever the rest of the build is made with; too slow to be called unit tests.
if(NOT MVPN_SANITIZE)
  find_package(Threads REQUIRED)
  pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
  file(GLOB tsan_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/esp/*.c)
  list(FILTER tsan_sources EXCLUDE REGEX "engine_ipsecmb")
  foreach(source base/clock base/ipaddr base/strbuf base/usec core/names
      ike/backlog ike/datapath ike/inbound ike/mailbox ike/outbound ike/pin ike/satrack ike/traffic)
    list(APPEND tsan_sources ${CMAKE_SOURCE_DIR}/src/${source}.c)
  endforeach()
  add_library(mailbox-tsan STATIC ${tsan_sources})
  target_compile_options(mailbox-tsan PRIVATE -fsanitize=thread)
  target_link_libraries(mailbox-tsan PUBLIC Threads::Threads PkgConfig::CRYPTO)
  foreach(part mailbox satrack datapath)
    mvpn_add_test(NAME ${part}-tsan LABEL adapter SOURCES ${part}-test.c LINK mailbox-tsan)
    target_compile_options(adapter-${part}-tsan PRIVATE -fsanitize=thread)
    target_link_options(adapter-${part}-tsan PRIVATE -fsanitize=thread)
    set_tests_properties(adapter/${part}-tsan PROPERTIES ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1:exitcode=66")
  endforeach()
endif()
