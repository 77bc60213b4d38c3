# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
# fish completion for mvpnctl: commands, and the options that the command typed so far takes.

set -l commands enable disable connect disconnect reload status watch links check events enroll unenroll sync dm
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
complete -c mvpnctl -n $none -a enroll -d 'Let an organisation manage this device'
complete -c mvpnctl -n $none -a unenroll -d 'End that'
complete -c mvpnctl -n $none -a sync -d "Ask the organisation's server for news now"
complete -c mvpnctl -n $none -a dm -d 'Show what the organisation manages'
complete -c mvpnctl -n '__fish_seen_subcommand_from dm' -a show -d 'A node of the management tree'
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l otp-file -r -F -d 'File with the one-time password'
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l token-file -r -F -d 'File with a token'
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l method -x -a 'mde2 est scep' -d 'Way of enrolment'
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l pin -x -d "SHA-256 of the server's public key"
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l ca -r -F -d 'Roots to trust the server by'
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l user -x -d 'Who the password belongs to'
complete -c mvpnctl -n '__fish_seen_subcommand_from enroll' -l device -x -d 'What this device is to be called'
complete -c mvpnctl -n '__fish_seen_subcommand_from status links check events' -l json -d 'Machine-readable output'
complete -c mvpnctl -n '__fish_seen_subcommand_from enable connect' -l wait -d 'Wait until connected'
complete -c mvpnctl -l config -r -F -d 'Configuration file'
complete -c mvpnctl -l state-dir -x -a '(__fish_complete_directories)' -d 'State directory'
complete -c mvpnctl -l runtime-dir -x -a '(__fish_complete_directories)' -d 'Runtime directory'
complete -c mvpnctl -s h -l help -d 'What there is'
complete -c mvpnctl -l version -d 'The version'
