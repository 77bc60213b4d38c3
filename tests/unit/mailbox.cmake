# SPDX-License-Identifier: GPL-2.0-or-later
# src/ike without libcharon: what its threads share with ours. The data path waits in real time, so it is not called a unit test.
foreach(part mailbox satrack)
  mvpn_add_test(NAME ${part} LABEL unit SOURCES ${part}-test.c LINK mvpn-mailbox mvpn-core mvpn-base)
endforeach()
mvpn_add_test(NAME datapath LABEL adapter SOURCES datapath-test.c LINK mvpn-mailbox mvpn-core mvpn-base)

# The same, compiled whole with ThreadSanitizer, whatever the rest of the build is made with; too slow to be called unit tests.
if(NOT MVPN_SANITIZE)
  find_package(Threads REQUIRED)
  set(tsan_sources base/clock.c base/ipaddr.c base/strbuf.c base/usec.c
    esp/inner.c ike/datapath.c ike/mailbox.c ike/pin.c ike/satrack.c ike/traffic.c core/names.c)
  list(TRANSFORM tsan_sources PREPEND ${CMAKE_SOURCE_DIR}/src/)
  foreach(part mailbox satrack datapath)
    mvpn_add_test(NAME ${part}-tsan LABEL adapter SOURCES ${part}-test.c ${tsan_sources})
    target_compile_options(adapter-${part}-tsan PRIVATE -fsanitize=thread)
    target_link_options(adapter-${part}-tsan PRIVATE -fsanitize=thread)
    target_link_libraries(adapter-${part}-tsan PRIVATE Threads::Threads)
    set_tests_properties(adapter/${part}-tsan PROPERTIES ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1:exitcode=66")
  endforeach()
endif()
