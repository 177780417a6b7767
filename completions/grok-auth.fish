# fish completion for grok-auth(1)

# Whether the command line has one of the given commands; without any it has token.
function __grok_auth_is
    set -l words (commandline -opc)
    set -l command token
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        set command $words[2]
    end
    contains -- $command $argv
end

function __grok_auth_needs_command
    test (count (commandline -opc)) -eq 1
end

# The profiles, of the configuration file that the command line names if it does.
function __grok_auth_profiles
    set -l words (commandline -opc)
    set -l config (string match -- '--config=*' $words)
    if set -l i (contains -i -- --config $words)
        set config --config=$words[(math $i + 1)]
    end
    set config (string replace -r -- '^--config=~/' "--config=$HOME/" $config)
    command grok-auth profiles $config[1] 2>/dev/null
end

complete -c grok-auth -f

complete -c grok-auth -n __grok_auth_needs_command -a token -d 'print an access token; the default command'
complete -c grok-auth -n __grok_auth_needs_command -a login -d 'sign in now, replacing what is stored'
complete -c grok-auth -n __grok_auth_needs_command -a logout -d 'delete the login here and revoke it at the server'
complete -c grok-auth -n __grok_auth_needs_command -a refresh -d 'renew the token now'
complete -c grok-auth -n __grok_auth_needs_command -a status -d 'show the login: account, expiry, last refresh'
complete -c grok-auth -n __grok_auth_needs_command -a models -d 'list the models that this login can use'
complete -c grok-auth -n __grok_auth_needs_command -a start -d 'begin a device sign-in, for scripts'
complete -c grok-auth -n __grok_auth_needs_command -a poll -d 'finish a device sign-in begun by start'
complete -c grok-auth -n __grok_auth_needs_command -a profiles -d 'list the profiles'
complete -c grok-auth -n __grok_auth_needs_command -a doctor -d 'check everything that can go wrong'
complete -c grok-auth -n __grok_auth_needs_command -a setup -d 'tell Grok to use grok-auth'
complete -c grok-auth -n __grok_auth_needs_command -a exec -d 'run a command with a fresh token in XAI_API_KEY'
complete -c grok-auth -n __grok_auth_needs_command -a credential -d 'answer git as a credential helper'
complete -c grok-auth -n __grok_auth_needs_command -a ssh -d 'sign in on another host; the browser opens here'

complete -c grok-auth -l profile -x -a '(__grok_auth_profiles)' -d 'use this profile'
complete -c grok-auth -l config -r -F -d 'read this configuration file'
complete -c grok-auth -l verbose -d 'say what is done, without secrets'
complete -c grok-auth -l help -d 'show the options'
complete -c grok-auth -l version -d 'show the version'

complete -c grok-auth -n '__grok_auth_is token' -l bare -d 'print the token alone instead of JSON'
complete -c grok-auth -n '__grok_auth_is token credential' -l no-interactive -d 'never ask a person'
complete -c grok-auth -n '__grok_auth_is token login ssh' -l device -d 'sign in with a code'
complete -c grok-auth -n '__grok_auth_is token login ssh' -l loopback -d 'sign in with a browser that can reach this computer'
complete -c grok-auth -n '__grok_auth_is token login ssh' -l no-browser -d 'open no browser'
complete -c grok-auth -n '__grok_auth_is login' -l no-qr -d 'draw no QR code'
complete -c grok-auth -n '__grok_auth_is login' -l api-key -d 'store an API key instead of signing in'
complete -c grok-auth -n '__grok_auth_is token login' -l timeout -x -d 'wait so long for the person'
complete -c grok-auth -n '__grok_auth_is token exec' -l min-validity -x -d 'ask for a token that lasts at least so long'
complete -c grok-auth -n '__grok_auth_is logout status models' -l all -d 'all profiles; of models, image and video models too'
complete -c grok-auth -n '__grok_auth_is models' -l force -d 'ask the server, whatever is kept'
complete -c grok-auth -n '__grok_auth_is poll' -l pending-id -x -d 'the sign-in that start named so'
complete -c grok-auth -n '__grok_auth_is doctor' -l offline -d 'ask no server'
complete -c grok-auth -n '__grok_auth_is setup' -l write -d 'change the file instead of printing the lines'
complete -c grok-auth -n '__grok_auth_is login logout refresh status models profiles doctor' -l json -d 'answer in JSON'
complete -c grok-auth -n '__grok_auth_is credential' -a 'get store erase'
complete -c grok-auth -n '__grok_auth_is ssh' -a '(__fish_complete_user_at_hosts)' -d host
# Options with a value come behind "-": what has two dashes before it would be taken for the function's own.
complete -c grok-auth -n '__grok_auth_is exec' -x -a '(__fish_complete_subcommand --fcs-skip=2 - --profile --config --min-validity)'
