# bash completion for grok-auth(1)

# The profiles, of the configuration file that the command line names if it does.
_grok_auth_profiles() {
    local config=() i file
    for ((i = 1; i < COMP_CWORD - 1; i++)); do
        if [[ ${COMP_WORDS[i]} == --config ]]; then
            file=${COMP_WORDS[i + 1]}
            [[ $file == = ]] && file=${COMP_WORDS[i + 2]}
            config=("--config=${file/#~\//$HOME/}")
        fi
    done
    command grok-auth profiles "${config[@]}" 2>/dev/null
}

# A command of its own begins at this word: completed as bash-completion would, else as a name or file.
_grok_auth_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif (($1 == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}" | sort -u)
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

_grok_auth() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command=token options i

    # --name=value arrives as three words
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    COMPREPLY=()
    case $prev in
        --config)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
            ;;
        --profile)
            mapfile -t COMPREPLY < <(compgen -W "$(_grok_auth_profiles)" -- "$cur" | sort -u)
            return
            ;;
        --timeout | --min-validity | --pending-id)
            return
            ;;
    esac

    if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
        options='token login logout refresh status models start poll profiles doctor setup exec credential ssh'
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        return
    fi
    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then
        command=${COMP_WORDS[1]}
    fi

    options='--profile --config --verbose --help --version'
    case $command in
        token)
            options+=' --bare --no-interactive --device --loopback --no-browser'
            options+=' --timeout --min-validity'
            ;;
        login) options+=' --device --loopback --no-browser --no-qr --api-key --timeout --json' ;;
        refresh | profiles) options+=' --json' ;;
        logout | status) options+=' --all --json' ;;
        models) options+=' --force --all --json' ;;
        start) ;;
        poll) options+=' --pending-id' ;;
        doctor) options+=' --offline --json' ;;
        setup) options+=' --write' ;;
        exec)
            options+=' --min-validity'
            # From the first argument on that is not ours all are a command and its arguments.
            for ((i = 2; i < COMP_CWORD; i++)); do
                if [[ ${COMP_WORDS[i]} == -- ]]; then
                    ((i++))
                    break
                fi
                [[ ${COMP_WORDS[i]} == --* || ${COMP_WORDS[i]} == = ]] && continue
                [[ ${COMP_WORDS[i - 1]} == = || ${COMP_WORDS[i - 1]} == --@(profile|config|min-validity) ]] && continue
                break
            done
            if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[i - 1]} == -- || $cur != -* && -n $cur ]]; then
                _grok_auth_command "$i"
                return
            fi
            ;;
        credential)
            if [[ $cur != -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W 'get store erase' -- "$cur")
                [[ -z $cur ]] || return
            fi
            options+=' --no-interactive'
            ;;
        ssh)
            options+=' --device --loopback --no-browser'
            # From the first argument on that is not ours all are for ssh, the host mostly.
            for ((i = 2; i < COMP_CWORD; i++)); do
                [[ ${COMP_WORDS[i]} == -- ]] && return
                [[ ${COMP_WORDS[i]} == --* || ${COMP_WORDS[i]} == = ]] && continue
                [[ ${COMP_WORDS[i - 1]} == = || ${COMP_WORDS[i - 1]} == --@(profile|config) ]] && continue
                return
            done
            ;;
        *) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    # The hosts that bash-completion knows.
    if [[ $command == ssh && $cur != -* ]] && declare -F _known_hosts_real >/dev/null; then
        _known_hosts_real -a -- "$cur"
    fi
}

complete -F _grok_auth grok-auth
