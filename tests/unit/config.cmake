# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME config-parse LABEL unit SOURCES config-parse-test.c LINK mvpn-config)
mvpn_add_test(NAME config-values LABEL unit SOURCES config-values-test.c config-fixture.c LINK mvpn-config)
mvpn_add_test(NAME config-errors LABEL unit SOURCES config-errors-test.c config-fixture.c LINK mvpn-config)
mvpn_add_test(NAME config-files LABEL unit SOURCES config-files-test.c config-fixture.c LINK mvpn-config)
target_compile_definitions(unit-config-files PRIVATE MVPN_CONF="${CMAKE_SOURCE_DIR}/conf/mvpn.conf"
  MVPN_CONF_MANUAL="${CMAKE_SOURCE_DIR}/src/config/mvpn.conf.5")
