# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
# bash completion for mvpnctl: commands, and the options that the command typed so far takes.

_mvpnctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local commands="enable disable connect disconnect reload status watch links check events enroll unenroll sync dm"
    local options="--config --state-dir --runtime-dir --help --version" command="" word

    COMPREPLY=()
    case $previous in
    --config | --otp-file | --token-file | --ca)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --method)
        mapfile -t COMPREPLY < <(compgen -W "mde2 est scep" -- "$current")
        return
        ;;
    --state-dir | --runtime-dir)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ " $commands " == *" $word "* ]]; then
            command=$word
            break
        fi
    done
    case $command in
    "") options+=" --json --wait --otp-file --token-file --method --pin --ca --user --device" ;;
    status | links | check | events) options+=" --json" ;;
    enable | connect) options+=" --wait" ;;
    enroll) options+=" --otp-file --token-file --method --pin --ca --user --device" ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ $command == dm && $previous == dm ]]; then
        mapfile -t COMPREPLY < <(compgen -W "show" -- "$current")
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    fi
}
complete -F _mvpnctl mvpnctl
