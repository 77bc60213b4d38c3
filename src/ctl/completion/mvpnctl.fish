# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
# fish completion for mvpnctl: commands, and the options that the command typed so far takes.

set -l commands enable disable connect disconnect reload status watch links check events
set -l none "not __fish_seen_subcommand_from $commands"

complete -c mvpnctl -f
complete -c mvpnctl -n $none -a enable -d 'Switch the VPN on, now and at every boot'
complete -c mvpnctl -n $none -a disable -d 'Switch it off; the internet is open again'
complete -c mvpnctl -n $none -a connect -d "Try at once, or end a 'disconnect'"
complete -c mvpnctl -n $none -a disconnect -d 'Take the tunnel down; the internet stays blocked'
complete -c mvpnctl -n $none -a reload -d 'Read the configuration again'
complete -c mvpnctl -n $none -a status -d 'What is going on'
complete -c mvpnctl -n $none -a watch -d 'The same, live'
complete -c mvpnctl -n $none -a links -d 'Networks, and which one carries the tunnel'
complete -c mvpnctl -n $none -a check -d 'Check configuration, certificates and system'
complete -c mvpnctl -n $none -a events -d 'Print each event as it happens'
complete -c mvpnctl -n '__fish_seen_subcommand_from status links check events' -l json -d 'Machine-readable output'
complete -c mvpnctl -n '__fish_seen_subcommand_from enable connect' -l wait -d 'Wait until connected'
complete -c mvpnctl -l config -r -F -d 'Configuration file'
complete -c mvpnctl -l state-dir -x -a '(__fish_complete_directories)' -d 'State directory'
complete -c mvpnctl -l runtime-dir -x -a '(__fish_complete_directories)' -d 'Runtime directory'
complete -c mvpnctl -s h -l help -d 'What there is'
complete -c mvpnctl -l version -d 'The version'
