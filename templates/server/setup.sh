#!/usr/bin/env bash
# What the machine shall have, step by step. Each step is looked at (check_NAME), done if need be (do_NAME), and
# looked at again; undo_NAME takes it back. The lines that begin with "#:" say why, and --explain shows them.
# Nobody else's file is edited: settings go into files of their own, which are listed in $KNOWN/files.
# Most runs find nothing to do, so looking starts few other programs: what bash can read itself, it reads itself.
set -Eeuo pipefail
umask 022
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l LC_ALL=C.UTF-8
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# What was asked for; fastcompanion writes these lines.
MODE=apply
KIND=cloud
LEARNER=''
PUBLIC_KEY=''
IDLE_MINUTES=60
MAX_HOURS=8
ON_IDLE=poweroff
JUPYTER=yes
NIGHT_ZONE=''
SKIP=''
ONLY=''
ALSO=''
DRIVER=auto
PROVEN=no
SUDO_FREE=no
PACKAGES=''
MODULES=''
PROGRAM=''
ENVIRONMENT=''
DOTFILES=''

KNOWN=/var/lib/fastcompanion # what was done, for the next run and for undo
RUN=/run/fastcompanion       # gone after a restart
WORK=$RUN/work               # of the run that holds the lock
LOG=/var/log/fastcompanion-setup.log
ETC=/etc/fastcompanion
UV_VERSION=0.13.8
CHANGED=0
FAILED=0
CODE=0

SYSTEMD=no
APART=no
LOOKING=no
OUT=/dev/null
NOTE='' # what the step has to say
CANNOT=no
UNASKED=no
GUESSED=no
ROLLBACK=''
OS_VERSION=''

declare -A KINDS # of each step; the array keeps their order
ORDER=()
step() { # step NAME KINDS TITLE
    ORDER+=("$1")
    KINDS[$1]=,${2// /},
}

# --- how it speaks: one line of JSON for each step ---

say() { # say STEP STATE NOTE [ROLLBACK]
    local note=${3:-}
    note=${note//\\/\\\\}
    note=${note//\"/\\\"}
    note=${note//[[:cntrl:]]/ }
    printf -v note '{"step":"%s","state":"%s","note":"%s","rollback":"%s"}\n' "$1" "$2" "$note" "${4:-}"
    printf '%s' "$note" >&3
}

remark() { NOTE+="$* "; }

die() { # in do_NAME and undo_NAME: the reason why not
    NOTE=$*
    exit 1
}

cannot() { # the same in check_NAME: cannot REASON || return
    NOTE=$*
    CANNOT=yes
    return 1
}

unasked() { # in check_NAME: nothing is to be done, and if a run was cut off in it, that is no matter either
    remark "$*"
    UNASKED=yes
}

broke() {
    NOTE+="in ${FUNCNAME[1]}, at: $1"
    if [[ -s $OUT ]]; then NOTE+=" ($(tail -n 3 "$OUT" | cut -c 1-200))"; fi
    exit 1
}

quit() { # the end when something outside of the steps is wrong
    say all failed "$*"
    exit 1
}

stumbled() { quit "in ${FUNCNAME[1]}, at: $1"; }

# --- files of our own ---

slurp() { # a file into $TEXT
    TEXT=''
    if [[ -r $1 ]]; then IFS= read -r -d '' TEXT <"$1" || true; fi
}

# What a file shall hold, into $WANTED.
lines() { printf -v WANTED '%s\n' "$@"; }

remember() { # remember PATH: that it is ours, before it is there
    grep -qxF -- "$1" "$KNOWN/files" 2>/dev/null || printf '%s\n' "$1" >>"$KNOWN/files"
}

folder() { # folder PATH [MODE]: make it and what is above, and remember what was not there
    if [[ -d $1 ]]; then return; fi
    folder "$(dirname "$1")"
    remember "$1/"
    mkdir -m "${2:-755}" "$1"
}

# A file of ours has a mode, a path, and a function that puts into $WANTED what belongs in it. `holds` looks, `put`
# writes in one go, so that nobody ever sees half a file, and `gone` removes.
holds() {
    "$3"
    slurp "$2"
    owner "$2"
    [[ $TEXT == "$WANTED" && $OWNER == "$1 root" ]]
}

owner() { # mode and owner of a path, into $OWNER
    OWNER=${OWNERS[$1]:-}
    if [[ -z $OWNER && -e $1 ]]; then OWNER=$(exec stat -c '%a %U' "$1"); fi
}

put() { # each part stands before &&, as bash does not stop by itself in a chain of them
    local new=${2%/*}/.fastcompanion.new
    if folder "${2%/*}" && keep_theirs "$2" && remember "$2" && "$3" && rm -f "$new" &&
        (umask 077 && printf '%s' "$WANTED" >"$new") && chmod "$1" "$new" && mv -f "$new" "$2"; then return 0; fi
    rm -f "$new"
    return 1
}

keep_theirs() { # a file of somebody else that stands where ours goes
    if [[ ! -e $1 ]] || grep -qxF -- "$1" "$KNOWN/files" 2>/dev/null; then return 0; fi
    folder "$KNOWN/backup" && cp -p "$1" "$KNOWN/backup/${1//\//_}"
}

gone() {
    local kept="$KNOWN/backup/${2//\//_}"
    if ! grep -qxF -- "$2" "$KNOWN/files" 2>/dev/null; then return 0; fi
    rm -f "${2%/*}/.fastcompanion.new"
    if [[ -e $kept ]]; then mv -f "$kept" "$2"; else rm -f "$2"; fi
}

# --- the machine ---

have() { command -v "$1" >/dev/null 2>&1; }

as_learner() { # with nothing of ours in the environment
    runuser -u "$LEARNER" -- env -i HOME="$LEARNER_HOME" USER="$LEARNER" PATH="$PATH" LANG=C.UTF-8 "$@"
}

apt() {
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold "$@"
}

patiently() { # patiently COMMAND: again for five minutes, while another program installs something
    local tries=0
    until "$@"; do
        if ((tries++ >= 60)) || ! tail -n 4 "$OUT" | grep -qE 'Could not get lock|was locked by'; then return 1; fi
        sleep 5
    done
}

before_packages() {
    # A run that was cut off may have left some half installed; so may one that is not over yet.
    if [[ -n $(dpkg --audit) ]]; then patiently dpkg --configure -a; fi
    # A source of somebody else that is broken stops nothing: what is needed may come from the others.
    patiently apt update || remark "a package source is broken: see apt-get update"
}

installed() { # of two architectures a package is there twice
    local count
    count=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sort -u | grep -c '^installed ' || true)
    ((count >= $#))
}

unit_on() { [[ -L /etc/systemd/system/timers.target.wants/$1 || -L /etc/systemd/system/multi-user.target.wants/$1 ]] && is_on "$1"; }

is_on() { [[ $'\n'$UNITS == *$'\n'"$1 "* ]]; }

# What several checks ask for is asked for once, and again after each change.
declare -A OWNERS
look_around() {
    local mode owner path
    UNITS=''
    SSHD=''
    OWNERS=()
    if [[ $SYSTEMD == yes ]]; then
        UNITS=$(exec systemctl list-units --plain --no-legend --no-pager --state=active 'fastcompanion-*' ssh.socket 2>/dev/null) || true
    fi
    if [[ -s $KNOWN/files ]]; then
        # shellcheck disable=SC2046 # paths of our own, without blanks
        while read -r mode owner path; do OWNERS[$path]="$mode $owner"; done < <(exec stat -c '%a %U %n' $(<"$KNOWN/files") 2>/dev/null)
    fi
}

unit_off() { if [[ $SYSTEMD == yes ]]; then systemctl -q disable --now "$1" 2>/dev/null || true; fi; }

reload_units() { if [[ $SYSTEMD == yes ]]; then systemctl daemon-reload; fi; }

nvidia_gpu() {
    local one vendor class
    for one in /sys/bus/pci/devices/*; do
        if [[ ! -r $one/vendor ]]; then continue; fi
        read -r vendor <"$one/vendor" || continue
        if [[ $vendor != 0x10de ]]; then continue; fi
        read -r class <"$one/class" || continue
        if [[ $class == 0x03* ]]; then return 0; fi
    done
    [[ -e /proc/driver/nvidia/version ]]
}

# A change that could lock the learner out goes back by itself after five minutes, unless a fresh login has left
# its proof. fastcompanion makes that login as soon as it reads of the way back.
arm() { # arm NAME COMMAND
    if [[ $PROVEN != yes || $SYSTEMD != yes ]]; then return 0; fi
    local unit=fastcompanion-rollback-$1
    install -d -m 755 "$RUN"
    install -d -m 1777 "$RUN/proof"
    rm -f "$RUN/proof/$1"
    systemctl stop "$unit.timer" 2>/dev/null || true
    systemd-run --quiet --collect --unit="$unit" --on-active=300 --timer-property=AccuracySec=1s -- \
        bash -c "if [ ! -e '$RUN/proof/$1' ]; then $2; fi"
    ROLLBACK=$unit
}

step preflight "cloud, home, wsl, container" "Look at the machine"
#: Whether this is a system that the rest knows, with room on its disk and a right clock. Machines of a cloud
#: install things of their own in their first minutes; this waits until they are done.
check_preflight() {
    local free year
    if [[ ! $OS_ID =~ ^(debian|ubuntu)$ ]]; then cannot "this is $OS_ID: only Debian and Ubuntu are known" || return; fi
    if [[ ! " 12 13 22.04 24.04 26.04 " == *" $OS_VERSION "* ]]; then remark "Nobody has tried this on $OS_ID ${OS_VERSION:-without a version}."; fi
    if [[ $GUESSED == yes ]]; then remark "This is for the user $LEARNER; for another one: --user NAME."; fi
    if [[ ! $HOSTTYPE =~ ^(x86_64|aarch64)$ ]]; then cannot "PyTorch has nothing for a $HOSTTYPE" || return; fi
    if [[ $KIND == cloud && $SYSTEMD == no ]]; then cannot "systemd does not run here: for a container, say --kind container" || return; fi
    slurp /proc/version
    if [[ $KIND == cloud || $KIND == home ]] && [[ ${TEXT,,} == *microsoft* ]]; then cannot "this is WSL: say --kind wsl" || return; fi
    printf -v year '%(%Y)T'
    if ((year < 2025)); then cannot "the clock says $(date +%F): set it first, or no certificate is valid" || return; fi
    free=$(($(exec stat -f -c '%a * %S' /) / 1073741824))
    if ((free < 1)); then cannot "the disk is full" || return; fi
    if ((free < 15)); then remark "Only $free GB are free; PyTorch and its libraries need about 8."; fi
    if [[ $KIND == container ]]; then
        remark "Stopping what runs in a container does not stop the bill: end it at your provider."
    fi
    if [[ $KIND == wsl && $SYSTEMD == no ]]; then
        remark "systemd is off: to have Jupyter start by itself, put [boot] systemd=true into /etc/wsl.conf and run wsl --shutdown in Windows."
    fi
    slurp /sys/class/dmi/id/sys_vendor
    if [[ $KIND == cloud && $ON_IDLE == poweroff && ! $TEXT =~ Amazon\ EC2|Google ]]; then
        remark "This machine switches itself off when idle; at some providers the bill goes on until you stop it there."
    fi
}

step limit "cloud, home on request" "A hard limit, whatever happens"
#: A forgotten machine costs as much as one that works. This timer knows nothing but the hours since the start,
#: and does nothing but switch off: it needs no Python and no Jupyter that could be broken.
check_limit() {
    if [[ $MAX_HOURS == 0 ]]; then
        remark "none asked for"
        [[ ! -e /etc/systemd/system/fastcompanion-limit.timer ]]
        return
    fi
    files_limit holds && unit_on fastcompanion-limit.timer && unit_on fastcompanion-limit-notice.timer
}
do_limit() {
    if [[ $MAX_HOURS == 0 ]]; then
        no_limit
        return 0
    fi
    this_boot limit 0
    this_boot limit-notice "$NOTICE"
    files_limit put
    systemctl daemon-reload
    systemctl -q enable fastcompanion-limit.timer fastcompanion-limit-notice.timer
    systemctl restart fastcompanion-limit.timer fastcompanion-limit-notice.timer
    # Of the first boot, for a setup that fails before this; its hours are not the ones that hold from now on.
    systemctl stop fastcompanion-first-limit.timer 2>/dev/null || true
}
# The hours of the present boot count from now on: a machine that is up for longer must not go off at once. Counted from
# the boot all the same (OnBootSec), as every daemon-reload would begin OnActiveSec anew.
this_boot() { # this_boot NAME SECONDS-BEFORE
    local begun=0 place=/run/systemd/system/fastcompanion-$1.timer.d
    if systemd-detect-virt -q --container; then begun=$(systemctl show -p UserspaceTimestampMonotonic --value); fi
    mkdir -p "$place"
    awk -v begun="$begun" -v after=$((LIMIT - $2)) \
        '{ printf "[Timer]\nOnBootSec=\nOnBootSec=%d\n", $1 - begun / 1000000 + after }' /proc/uptime >"$place/this-boot.conf"
}
undo_limit() {
    no_limit
    if [[ $KIND == cloud ]]; then remark "nothing stops this machine any more: it costs until you stop it"; fi
}
no_limit() {
    unit_off fastcompanion-limit.timer
    unit_off fastcompanion-limit-notice.timer
    files_limit gone
    rm -rf /run/systemd/system/fastcompanion-limit.timer.d /run/systemd/system/fastcompanion-limit-notice.timer.d
    reload_units
}
files_limit() {
    "$1" 644 /etc/systemd/system/fastcompanion-limit.service limit_service &&
        "$1" 644 /etc/systemd/system/fastcompanion-limit.timer limit_timer &&
        "$1" 644 /etc/systemd/system/fastcompanion-limit-notice.service notice_service &&
        "$1" 644 /etc/systemd/system/fastcompanion-limit-notice.timer notice_timer
}
# Not "systemctl poweroff": from systemd 257 on a program that holds a shutdown back, as apt does, stops root's as well.
limit_service() {
    lines '[Unit]' 'Description=Switch this machine off after its hours (fastcompanion)' \
        '[Service]' 'Type=oneshot' 'ExecStart=/usr/bin/systemctl --no-block --job-mode=replace-irreversibly start poweroff.target'
}
limit_timer() {
    lines '[Unit]' 'Description=The hours that this machine may run (fastcompanion)' \
        '[Timer]' "OnBootSec=$LIMIT" 'AccuracySec=1s' '[Install]' 'WantedBy=timers.target'
}
notice_service() {
    lines '[Unit]' 'Description=Say that the hard limit is near (fastcompanion)' '[Service]' 'Type=oneshot' \
        'ExecStart=/usr/bin/wall "The hours of this machine are over in ten minutes: it switches off then. Save your work."'
}
notice_timer() {
    lines '[Unit]' 'Description=Ten minutes before the hard limit (fastcompanion)' \
        '[Timer]' "OnBootSec=$((LIMIT - NOTICE))" 'AccuracySec=1s' '[Install]' 'WantedBy=timers.target'
}

step packages "cloud, home, wsl, container" "Tools of the system"
#: git, tmux (work goes on when the line drops), a compiler (for torch.compile), rsync, and on a machine of a cloud
#: what the next steps need. No mail server, and nothing that listens.
packages() { # into $LIST
    local list="ca-certificates curl iproute2 openssh-client git git-lfs rsync tmux htop less unzip jq ripgrep pigz build-essential
        python3-venv python3-dev pciutils procps bash-completion graphviz libsndfile1"
    if [[ $KIND == cloud ]]; then list+=" sudo openssh-server ufw unattended-upgrades needrestart powermgmt-base earlyoom"; fi
    if [[ $KIND == home ]] && wanted updates; then list+=" unattended-upgrades"; fi
    if [[ $KIND == home ]] && wanted firewall; then list+=" ufw"; fi
    # shellcheck disable=SC2206 # a list of words
    LIST=(${PACKAGES:-$list})
}
STATUS=/var/lib/dpkg/status
check_packages() {
    packages
    slurp "$KNOWN/installed"
    # Whatever installs or removes a package writes dpkg's status anew: of the same time means since then nothing did.
    if [[ $TEXT == "${LIST[*]}"$'\n' && ! $KNOWN/installed -nt $STATUS && ! $KNOWN/installed -ot $STATUS ]]; then return 0; fi
    installed "${LIST[@]}" || return 1
    if [[ $MODE == apply && -d $KNOWN ]]; then echo "${LIST[*]}" >"$KNOWN/installed" && touch -r $STATUS "$KNOWN/installed"; fi
}
do_packages() {
    local name
    before_packages
    packages
    for name in "${LIST[@]}"; do
        installed "$name" || grep -qxF "$name" "$KNOWN/packages" 2>/dev/null || echo "$name" >>"$KNOWN/packages"
    done
    apt install --no-install-recommends "${LIST[@]}"
}
undo_packages() {
    if [[ -s $KNOWN/packages ]]; then
        remark "packages stay, as others may use them by now; to remove them: apt-get remove $(tr '\n' ' ' <"$KNOWN/packages")"
    fi
}

step user "cloud, container" "Your user"
#: You work as a user of your own: a slip of the hand then can't break the system. A user who is new gets no
#: password; the key opens the door.
check_user() { find_home; }
do_user() { if ! check_user; then useradd --create-home --shell /bin/bash "$LEARNER"; fi; }
undo_user() { remark "the user $LEARNER stays, with everything in the home folder"; }

step idle "cloud, home on request" "Stop when nobody uses it"
#: Looks every five minutes for kernels that run, GPUs at work, keys typed, programs that compute and files that travel.
#: After your idle minutes, and a warning ten minutes before, the machine switches off. `fastcompanion-idle keep 2h` holds it.
check_idle() {
    files_idle holds && unit_on fastcompanion-idle.timer || return
    owner $KNOWN/keep/
    [[ -d $KNOWN/keep && $OWNER == *" $LEARNER" ]]
}
do_idle() {
    files_idle put
    folder "$KNOWN/keep"
    chown "$LEARNER:" "$KNOWN/keep"
    systemctl daemon-reload
    systemctl -q enable fastcompanion-idle.timer
    systemctl restart fastcompanion-idle.timer
}
undo_idle() {
    unit_off fastcompanion-idle.timer
    files_idle gone
    rm -rf "${KNOWN:?}/keep"
    reload_units
}
files_idle() {
    "$1" 644 $ETC/server.env server_env && "$1" 755 /usr/local/bin/fastcompanion-idle idle_program &&
        "$1" 644 /etc/systemd/system/fastcompanion-idle.service idle_service &&
        "$1" 644 /etc/systemd/system/fastcompanion-idle.timer idle_timer
}
server_env() {
    lines '# written by fastcompanion server setup' "KIND=$KIND" "LEARNER=$LEARNER" "IDLE_MINUTES=$IDLE_MINUTES" \
        "MAX_HOURS=$MAX_HOURS" "ON_IDLE=$ON_IDLE" 'WATCH_MINUTES=5'
}
idle_service() {
    lines '[Unit]' 'Description=Stop this machine when nobody uses it (fastcompanion)' \
        '[Service]' 'Type=oneshot' 'ExecStart=/usr/bin/python3 /usr/local/bin/fastcompanion-idle watch' 'TimeoutStartSec=120'
}
idle_timer() {
    lines '[Unit]' 'Description=Look whether anybody uses this machine (fastcompanion)' \
        '[Timer]' 'OnActiveSec=1min' 'OnUnitActiveSec=5min' 'AccuracySec=10s' '[Install]' 'WantedBy=timers.target'
}
idle_program() {
    WANTED='@idle.py@
'
}

step key "cloud, home, container" "Your key"
#: A key can't be guessed, and its secret half never leaves your own machine. Yours is added to the keys that may
#: log in as you; those that are there stay.
check_key() {
    local active=$'\n[ \t]*[^# \t\n][^\n]*' # what a line begins with that is no comment
    if [[ -z $PUBLIC_KEY ]]; then
        unasked "none given"
        return 0
    fi
    if ! ssh-keygen -l -f - <<<"$PUBLIC_KEY" >/dev/null 2>&1; then cannot "this is no public key: ${PUBLIC_KEY:0:30}" || return; fi
    slurp "$LEARNER_HOME/.ssh/authorized_keys"
    [[ $PUBLIC_KEY =~ AAAA[A-Za-z0-9+/=]+ && $'\n'$TEXT =~ $active"${BASH_REMATCH[0]}" ]]
}
do_key() {
    if check_key; then return 0; fi
    # As the learner: in a folder of theirs root would follow their links.
    # shellcheck disable=SC2016 # it is the inner shell that fills these in
    as_learner sh -c 'umask 077; mkdir -p ~/.ssh; file=~/.ssh/authorized_keys; touch "$file"; chmod 600 "$file"
        if [ -n "$(tail -c 1 "$file")" ]; then echo >>"$file"; fi; printf "%s\n" "$1" >>"$file"' - "$PUBLIC_KEY"
}
undo_key() { remark "your key stays, so that you can still log in"; }

step sudo "cloud, home on request" "Becoming root"
#: Only a user without a password needs this: there is nothing to type when sudo asks. Whoever has a password that
#: works keeps being asked for it, and nothing that lets you in is ever removed.
check_sudo() {
    # Who sent this may just have become root without a password.
    if [[ $LEARNER == root || ($SUDO_FREE == yes && ${SUDO_USER:-} == "$LEARNER") ]]; then return 0; fi
    if as_learner sudo -n true 2>/dev/null; then return 0; fi
    if [[ $(passwd -S "$LEARNER" | cut -d ' ' -f 2) == P && $(sudo -l -U "$LEARNER") =~ \((ALL|root)[^\)]*\)\ (PASSWD:\ )?ALL ]]; then
        remark "sudo asks for your password"
        return 0
    fi
    return 1
}
do_sudo() {
    sudo_text
    printf '%s' "$WANTED" >"$WORK/sudoers"
    visudo -q -c -f "$WORK/sudoers" || die "sudo refuses the rule"
    put 440 /etc/sudoers.d/90-fastcompanion sudo_text
}
undo_sudo() {
    if [[ -e /etc/sudoers.d/90-fastcompanion && $(passwd -S "$LEARNER" | cut -d ' ' -f 2) != P ]]; then
        remark "$LEARNER has no password and would lose the way to root: set one, then remove /etc/sudoers.d/90-fastcompanion"
        return 0
    fi
    gone 440 /etc/sudoers.d/90-fastcompanion
}
sudo_text() { lines '# fastcompanion: this user has no password that sudo could ask for' "$LEARNER ALL=(ALL:ALL) NOPASSWD:ALL"; }

step sshd "cloud, home on request" "Only keys open the door"
#: Machines all over the world try passwords day and night. This turns passwords off, but only with a key of yours in
#: place, only if sshd then says itself that it is so, and for five minutes only until a second login has worked.
SSHD_FILE=/etc/ssh/sshd_config.d/00-fastcompanion.conf
check_sshd() { holds 644 $SSHD_FILE sshd_text && keys_only; }
do_sshd() {
    local why=''
    install -d -m 755 /run/sshd
    sshd -t 2>"$WORK/log" || die "sshd's own settings are wrong, nothing is changed: $(tail -n 1 "$WORK/log")"
    usable_key || die "there is no key with which $LEARNER could log in: passwords stay"
    arm sshd "rm -f $SSHD_FILE; systemctl try-reload-or-restart ssh.service"
    put 644 $SSHD_FILE sshd_text
    SSHD=''
    if ! sshd -t 2>"$WORK/log"; then
        why="sshd refuses the settings: $(tail -n 1 "$WORK/log")"
    elif ! keys_only; then
        why="sshd still takes passwords: a Match block sets them, or sshd_config does not include sshd_config.d"
    fi
    if [[ -n $why ]]; then
        gone 644 $SSHD_FILE
        die "$why; taken back"
    fi
    if [[ $SYSTEMD == yes ]]; then systemctl try-reload-or-restart ssh.service; fi
}
undo_sshd() {
    gone 644 $SSHD_FILE
    if [[ $SYSTEMD == yes ]]; then systemctl try-reload-or-restart ssh.service; fi
}
# The first value that sshd reads is the one that counts: hence 00, before a cloud's 50-cloud-init.conf.
sshd_text() {
    root_login
    lines '# fastcompanion: sshd keeps the first value that it reads, so this file comes before the others' \
        'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'PermitEmptyPasswords no' 'X11Forwarding no' "${NO_ROOT[@]}"
}
root_login() { # into $NO_ROOT: whoever comes in as root with a key today still can, and nobody else
    local line
    NO_ROOT=()
    if [[ $LEARNER == root ]]; then return; fi
    slurp /root/.ssh/authorized_keys
    # Images of clouds have a key there that only says as whom to log in.
    while read -r line; do
        if [[ $line == *AAAA* && $line != '#'* && $line != *'lease login as'* ]]; then return; fi
    done <<<"$TEXT"
    NO_ROOT=('PermitRootLogin no')
}
sshd_says() { # into $SSHD
    local key=()
    if [[ -n $SSHD ]]; then return 0; fi
    # One of its own keys is enough for the question; to load them all takes it longest.
    if [[ -r /etc/ssh/ssh_host_ed25519_key ]]; then key=(-o HostKey=/etc/ssh/ssh_host_ed25519_key); fi
    SSHD=$(exec sshd -T "${key[@]}" -C "user=$LEARNER,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22" 2>/dev/null)
}
keys_only() {
    # Without it sshd -T refuses to speak; a machine that waits with a socket makes it at the first login only.
    if [[ ! -d /run/sshd ]]; then [[ $MODE == apply ]] && install -d -m 755 /run/sshd; fi
    sshd_says || return 1
    [[ $SSHD == *$'\npasswordauthentication no\n'* && $SSHD == *$'\nkbdinteractiveauthentication no\n'* &&
        $SSHD == *$'\npubkeyauthentication yes\n'* && ($SSHD != *$'\npermitrootlogin yes\n'* || ${#NO_ROOT[@]} == 0) ]]
}
usable_key() {
    local name names file
    sshd_says || return 1
    names=${SSHD#*$'\n'authorizedkeysfile }
    for name in ${names%%$'\n'*}; do
        name=${name//%h/$LEARNER_HOME}
        name=${name//%u/$LEARNER}
        case $name in /*) file=$name ;; *) file=$LEARNER_HOME/$name ;; esac
        if [[ -s $file ]] && ssh-keygen -l -f "$file" >/dev/null 2>&1 && private_enough "$file"; then return 0; fi
    done
    return 1
}
private_enough() { # sshd ignores keys that others could have written
    local one=$1
    while [[ $one != / ]]; do
        if [[ -n $(find "$one" -maxdepth 0 \( -perm /022 -o ! -user root ! -user "$LEARNER" \)) ]]; then return 1; fi
        if [[ $one == "$LEARNER_HOME" ]]; then return 0; fi
        one=$(dirname "$one")
    done
}

step firewall "cloud, home on request" "One open port"
#: Everything that comes from outside is refused but ssh, on the port on which it really listens; Jupyter is
#: reached through ssh. Ports that you opened stay open, and a rule of yours for ssh stays as it is.
check_firewall() {
    local rules port rule
    slurp /etc/ufw/ufw.conf
    [[ $'\n'$TEXT == *$'\nENABLED=yes'* ]] || return 1
    slurp /etc/default/ufw
    [[ $TEXT == *'DEFAULT_INPUT_POLICY="DROP"'* ]] || return 1
    rules=$(exec iptables -S 2>/dev/null)$'\n'
    [[ $rules == *'-P INPUT DROP'* ]] || return 1
    for port in $(ssh_ports); do
        # A rule of yours may be narrower than ours would be.
        rule=$'\n-A ufw-user-input [^\n]*--dport '"$port "$'[^\n]*-j (ACCEPT|ufw-user-limit)'
        [[ $rules =~ $rule ]] || return 1
    done
}
do_firewall() {
    local port policy ports
    ports=$( (ssh_ports; busy_ports) | sort -nu) || true
    if [[ -z $ports ]]; then die "no port of ssh is known, as sshd -T says nothing: the firewall stays as it is"; fi
    policy=$(sed -n 's/^DEFAULT_INPUT_POLICY="\(.*\)"/\1/p' /etc/default/ufw)
    if ! grep -qx 'ENABLED=yes' /etc/ufw/ufw.conf; then
        arm firewall 'ufw --force disable'
        touch "$KNOWN/firewall-was-off"
        ufw default allow outgoing
    elif [[ $policy != DROP ]]; then
        policy=${policy/ACCEPT/allow}
        arm firewall "ufw default ${policy,,} incoming"
        echo "${policy,,}" >"$KNOWN/firewall-let-in"
    fi
    for port in $ports; do
        if ! ufw show added | grep -qE "^ufw (allow|limit) $port(/tcp)?( |$)"; then
            grep -qsx "$port" "$KNOWN/ports" || echo "$port" >>"$KNOWN/ports"
        fi
        # Not "limit": it shuts out a learner whose client opens several connections.
        ufw allow "$port/tcp" comment 'ssh, by fastcompanion'
    done
    ufw default deny incoming
    ufw --force enable
}
undo_firewall() {
    local port
    if [[ -e $KNOWN/firewall-let-in ]]; then ufw default "$(<"$KNOWN/firewall-let-in")" incoming; fi
    rm -f "$KNOWN/firewall-let-in"
    if [[ ! -e $KNOWN/firewall-was-off && ! -e $KNOWN/ports ]]; then return 0; fi
    if [[ ! -e $KNOWN/firewall-was-off ]]; then
        remark "the firewall was on before, and stays on with its port for ssh"
        return 0
    fi
    ufw --force disable
    while read -r port; do ufw --force delete allow "$port/tcp"; done < <(cat "$KNOWN/ports" 2>/dev/null)
    rm -f "$KNOWN/firewall-was-off" "$KNOWN/ports"
}
ssh_ports() { # what sshd is set to, and what systemd listens on for it
    local rest line=$'\nport ([0-9]+)\n(.*)'
    sshd_says || return 0
    rest=$'\n'$SSHD
    while [[ $rest =~ $line ]]; do
        echo "${BASH_REMATCH[1]}"
        rest=$'\n'${BASH_REMATCH[2]}
    done
    if is_on ssh.socket; then systemctl show ssh.socket -p Listen --value | grep -oE '[0-9]+ \(Stream\)' | cut -d ' ' -f 1; fi
}
busy_ports() { # where sshd talks to somebody and is listened for; where a tunnel of it ends, nobody listens
    { ss -Htln; ss -Htnp state established; } | awk '{ at = $1 == "LISTEN" ? $4 : $3; sub(/.*:/, "", at) }
        $1 == "LISTEN" { open[at] } /"sshd/ && at in open { print at }'
}

step updates "cloud, home" "Security updates by themselves"
#: Holes are closed without you. Drivers are left out, as a new driver under running programs breaks CUDA until the
#: next restart. A machine of a cloud restarts when it must, at 04:30 of your night, and only if nobody uses it.
check_updates() { files_updates holds && { [[ $KIND != cloud || $SYSTEMD == no ]] || unit_on fastcompanion-restart.timer; }; }
do_updates() {
    files_updates put
    if [[ $KIND == cloud && $SYSTEMD == yes ]]; then
        systemctl daemon-reload
        systemctl -q enable fastcompanion-restart.timer
        systemctl restart fastcompanion-restart.timer
    fi
}
undo_updates() {
    unit_off fastcompanion-restart.timer
    files_updates gone
    gone 644 /etc/systemd/system/fastcompanion-restart.service
    gone 644 /etc/systemd/system/fastcompanion-restart.timer
    reload_units
}
files_updates() {
    "$1" 644 /etc/apt/apt.conf.d/52fastcompanion updates_text || return 1
    if [[ $KIND == cloud ]]; then
        "$1" 644 /etc/systemd/system/fastcompanion-restart.service restart_service &&
            "$1" 644 /etc/systemd/system/fastcompanion-restart.timer restart_timer
    fi
}
updates_text() {
    lines '// fastcompanion' 'APT::Periodic::Update-Package-Lists "1";' 'APT::Periodic::Unattended-Upgrade "1";' \
        'APT::Periodic::AutocleanInterval "7";' 'Unattended-Upgrade::Automatic-Reboot "false";' \
        'Unattended-Upgrade::Package-Blacklist { "nvidia-"; "libnvidia-"; "cuda-"; "libcuda"; "linux-modules-nvidia-"; };'
}
restart_service() {
    lines '[Unit]' 'Description=Restart for updates if nobody uses the machine (fastcompanion)' \
        '[Service]' 'Type=oneshot' 'ExecStart=/usr/bin/python3 /usr/local/bin/fastcompanion-idle restart'
}
restart_timer() {
    lines '[Unit]' 'Description=The time of the night for restarts (fastcompanion)' \
        '[Timer]' "OnCalendar=*-*-* 04:30:00${NIGHT_ZONE:+ $NIGHT_ZONE}" '[Install]' 'WantedBy=timers.target'
}

step swap "cloud, home on request" "Room when memory runs out"
#: With little memory one large batch would have your notebook killed. A file on the disk takes what does not fit;
#: where the system or the disk does not allow it, there is none.
SWAP=/swapfile.fastcompanion
check_swap() {
    local name kilobytes rest swaps
    while read -r name kilobytes rest; do if [[ $name == MemTotal: ]]; then break; fi; done </proc/meminfo
    if ((kilobytes >= 16000000)); then
        remark "$((kilobytes / 1000000)) GB of memory are enough"
        return 0
    fi
    mapfile -t swaps </proc/swaps # its first line is the head
    [[ ${#swaps[@]} -gt 1 || -e $KNOWN/no-swap ]]
}
do_swap() {
    local size=4096 free
    free=$(($(stat -f -c '%a * %S' /) / 1048576))
    if ((free < 3 * size)) || [[ $(stat -f -c %T /) == btrfs ]]; then
        touch "$KNOWN/no-swap"
        remark "not on this disk"
        return 0
    fi
    remember $SWAP
    swapoff $SWAP 2>/dev/null || true # of a run that was cut off
    rm -f $SWAP
    (umask 077 && { fallocate -l "${size}M" $SWAP || dd if=/dev/zero of=$SWAP bs=1M count=$size status=none; })
    mkswap $SWAP
    if swapon $SWAP 2>/dev/null; then
        swapoff $SWAP
        put 644 /etc/systemd/system/swapfile.fastcompanion.swap swap_unit
        systemctl daemon-reload
        systemctl -q enable --now swapfile.fastcompanion.swap
    else
        rm -f $SWAP
        touch "$KNOWN/no-swap"
        remark "this machine does not allow it"
    fi
}
undo_swap() {
    unit_off swapfile.fastcompanion.swap
    gone 644 /etc/systemd/system/swapfile.fastcompanion.swap
    gone 600 $SWAP
    rm -f "$KNOWN/no-swap"
    reload_units
}
swap_unit() { lines '[Unit]' 'Description=Room for memory (fastcompanion)' '[Swap]' "What=$SWAP" '[Install]' 'WantedBy=swap.target'; }

step journal "cloud, home" "Logs that do not fill the disk"
#: Trainings write a lot, and a full disk stops everything. The system's journal keeps 200 MB.
check_journal() { holds 644 $JOURNAL_FILE journal_text; }
JOURNAL_FILE=/etc/systemd/journald.conf.d/50-fastcompanion.conf
do_journal() {
    put 644 $JOURNAL_FILE journal_text
    restart_journal
}
undo_journal() {
    gone 644 $JOURNAL_FILE
    restart_journal
}
restart_journal() { if [[ $SYSTEMD == yes ]]; then systemctl restart systemd-journald.service; fi; }
journal_text() { lines '# fastcompanion' '[Journal]' 'SystemMaxUse=200M'; }

step driver "cloud, home on request" "The driver of the GPU"
#: Only where there is an NVIDIA GPU and no driver yet: one that is there is never touched. CUDA's toolkit is not
#: installed, as PyTorch brings the parts that it needs.
check_driver() {
    if [[ $DRIVER == skip ]]; then
        unasked "left alone, as asked"
    elif ! nvidia_gpu; then
        remark "not applicable: no NVIDIA GPU"
    elif [[ -e $KNOWN/driver && ! -s $KNOWN/driver ]]; then
        return 1 # cut off in the middle, maybe behind nvidia-smi
    elif have nvidia-smi; then
        if ! timeout 30 nvidia-smi >/dev/null 2>&1; then remark "a driver is there and does not answer: restart the machine"; fi
    elif [[ $OS_ID != ubuntu ]]; then
        remark "Debian keeps the driver apart from free software: its wiki's page NvidiaGraphicsDrivers says how to add it"
    else
        return 1
    fi
}
do_driver() {
    local name
    : >"$KNOWN/driver"
    before_packages
    apt install --no-install-recommends ubuntu-drivers-common
    patiently ubuntu-drivers install --gpgpu
    name=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'nvidia-headless-*' 2>/dev/null | awk '$1 == "installed" { print $2; exit }') || true
    # Of nvidia-headless-no-dkms-570-server-open the tools are nvidia-utils-570-server.
    if ! have nvidia-smi && [[ $name =~ [0-9]+(-server)? ]]; then apt install --no-install-recommends "nvidia-utils-${BASH_REMATCH[0]}"; fi
    echo whole >"$KNOWN/driver"
    if have mokutil && mokutil --sb-state 2>/dev/null | grep -q enabled; then remark "Secure Boot is on: the driver may need its key enrolled."; fi
    remark "restart the machine to load it"
}
undo_driver() { if [[ -e $KNOWN/driver ]]; then remark "the driver stays"; fi; }

step python "cloud, home, wsl, container" "Python with fastai and PyTorch"
#: In a folder of its own, so that it can be thrown away and made again; the system's Python is not touched. It comes
#: from the package index that this machine uses, with uv, in a fixed version.
MODULES=${MODULES:-pip fastai torch torchvision jupyterlab ipywidgets nbdev kaggle timm}
check_python() {
    if [[ -n $ENVIRONMENT && -x $VENV/bin/python && ! -e $VENV/.fastcompanion ]]; then
        unasked "$VENV is used as it is"
        return 0
    fi
    slurp "$VENV/.fastcompanion"
    [[ -x $VENV/bin/python && $TEXT == "$MODULES"$'\n' ]]
}
do_python() {
    local uv=$KNOWN/uv version=python3
    # After a run that failed here it is done, whatever the check says.
    if [[ -n $ENVIRONMENT && -x $VENV/bin/python && ! -e $VENV/.fastcompanion ]]; then return 0; fi
    if [[ -e $VENV && ! -e $VENV/.fastcompanion && -n $(ls -A "$VENV") ]]; then die "$VENV is there and is none of ours: say --env $VENV to use it as it is"; fi
    if [[ $("$uv/bin/uv" --version 2>/dev/null) != "uv $UV_VERSION"* ]]; then
        remember "$uv//"
        rm -rf "$uv"
        python3 -m venv "$uv"
        "$uv/bin/python" -m pip --quiet --disable-pip-version-check install "uv==$UV_VERSION" 2>"$WORK/log" ||
            die "uv can't be fetched; is there a network, and an index? $(tail -n 1 "$WORK/log")"
    fi
    # Older than 3.11 is too old for some of these; uv then fetches a newer one.
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then version=3.12; fi
    remember "$VENV/.fastcompanion"
    as_learner mkdir -p "$VENV"
    # Marked before it is filled: what a run leaves half done is still known as ours.
    as_learner touch "$VENV/.fastcompanion"
    as_learner "$uv/bin/uv" venv --quiet --allow-existing --python "$version" "$VENV"
    # shellcheck disable=SC2046,SC2086 # lists of words
    as_learner "$uv/bin/uv" pip install --quiet --python "$VENV/bin/python" $(index_of_pip "$uv") $MODULES
    # shellcheck disable=SC2016 # it is the inner shell that fills these in
    as_learner sh -c 'printf "%s\n" "$1" >"$2/.fastcompanion"' - "$MODULES" "$VENV"
}
undo_python() {
    if [[ -e $VENV/.fastcompanion ]]; then
        rm -rf "$VENV"
        rmdir --ignore-fail-on-non-empty "$LEARNER_HOME/.venvs" 2>/dev/null || true
        if [[ -d $LEARNER_HOME/.cache/uv ]]; then remark "what was fetched is still in ~/.cache/uv, which you may remove"; fi
    fi
    rm -rf "$KNOWN/uv"
}
index_of_pip() { # uv does not read the settings of pip, and a machine may have a package index of its own there
    "$1/bin/python" -m pip --disable-pip-version-check config list 2>/dev/null | tr -d "'" | awk '
        { sub(/=/, " ") }
        $1 == "global.index-url" { print "--default-index", $2 }
        $1 == "global.extra-index-url" { print "--index", $2 }
        $1 == "global.find-links" { print "--find-links", $2 }
        $1 == "global.no-index" && $2 ~ /true|1|yes/ { print "--no-index" }'
}

step program "cloud, home, wsl, container" "fastcompanion itself"
#: For check --on, project train --on, and for %check in notebooks there. Where no package index has the version
#: that you use, your computer sends it.
check_program() {
    local found
    if [[ -n $ENVIRONMENT ]]; then
        unasked "$VENV is used as it is"
        return 0
    fi
    if [[ -z $PROGRAM ]]; then
        unasked "it comes with: fastcompanion server setup NAME"
        return 0
    fi
    found=("$VENV"/lib/python3*/site-packages/fastcompanion-"$PROGRAM".dist-info/METADATA)
    [[ -e ${found[0]} ]]
}
needs_program() { if [[ $PROGRAM == *+own.* && ! -e $KNOWN/wheels/fastcompanion-$PROGRAM-py3-none-any.whl ]]; then echo "send $PROGRAM"; fi; }
do_program() {
    local waited=0
    if [[ ! -e $VENV/.fastcompanion ]]; then die "there is no environment of ours in $VENV: the step python makes it"; fi
    folder "$KNOWN/wheels"
    while [[ -n $(needs_program) ]]; do
        if ((waited++ >= 300)); then die "your computer did not send it: run this again"; fi
        sleep 1
    done
    # shellcheck disable=SC2046 # a list of words
    as_learner "$KNOWN/uv/bin/uv" pip install --quiet --python "$VENV/bin/python" $(index_of_pip "$KNOWN/uv") \
        --find-links "$KNOWN/wheels" "fastcompanion==$PROGRAM"
}
undo_program() { rm -rf "$KNOWN/wheels"; }

step jupyter "cloud, home, wsl, container" "JupyterLab that starts by itself"
#: It listens on this machine alone, and a tunnel of ssh brings it to your browser. The token is made here, lies in a
#: file that only you can read, and is in no command line. A cell that runs is ended by no setup and no update.
check_jupyter() {
    if [[ $JUPYTER != yes ]]; then
        unasked "none asked for"
        return 0
    fi
    files_jupyter holds && token_there && jupyter_starts && jupyter_says status
}
token_there() {
    slurp $ETC/jupyter.env
    owner $ETC/jupyter.env
    [[ $TEXT == JUPYTER_TOKEN=?* && $OWNER == "600 $LEARNER" ]]
}
jupyter_starts() { [[ $SYSTEMD == no || -L /etc/systemd/system/multi-user.target.wants/fastcompanion-jupyter.service ]]; }
# "Active" is also what systemd says of a server that crashes again and again: only an answer counts.
jupyter_says() { # jupyter_says WHAT: into $ANSWER
    local token='' port='' name value
    ANSWER=''
    while IFS='=' read -r name value; do
        case $name in JUPYTER_TOKEN) token=$value ;; JUPYTER_PORT) port=$value ;; esac
    done <$ETC/jupyter.env
    { exec 4<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
    printf 'GET /api/%s?no_track_activity=1 HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: token %s\r\n\r\n' "$1" "$token" >&4
    IFS= read -r -d '' -t 5 ANSWER <&4 || true
    exec 4>&-
    [[ $ANSWER == HTTP/1.?" 200 "* ]]
}
do_jupyter() {
    if [[ $JUPYTER != yes ]]; then return 0; fi
    # As the learner: what root compiled there nobody else could replace.
    as_learner "$VENV/bin/python" -c 'import jupyterlab' || die "there is no jupyterlab in $VENV"
    token_there || put_token
    files_jupyter put
    if [[ $SYSTEMD == yes ]]; then
        systemctl daemon-reload
        systemctl -q enable fastcompanion-jupyter.service
    fi
    if jupyter_says kernels && [[ $ANSWER == *'"busy"'* ]]; then
        remark "a cell runs: JupyterLab goes on as it is until sudo systemctl restart fastcompanion-jupyter"
        return 0
    fi
    if [[ $SYSTEMD == yes ]]; then
        # Or it would be refused after five crashes, though what made it crash is mended.
        systemctl reset-failed fastcompanion-jupyter.service 2>/dev/null || true
        systemctl restart fastcompanion-jupyter.service
    else
        setsid runuser -u "$LEARNER" -- env -i HOME="$LEARNER_HOME" USER="$LEARNER" /usr/local/bin/fastcompanion-jupyter \
            </dev/null >/dev/null 2>&1 &
        remark "without systemd it is gone after a restart: start fastcompanion-jupyter, or run this again"
    fi
    for _ in $(seq 120); do
        if jupyter_says status; then return 0; fi
        sleep 0.5
    done
    if [[ $SYSTEMD == yes ]]; then die "it does not answer: $(journalctl -u fastcompanion-jupyter -n 3 -o cat --no-pager | tr '\n' ' ')"; fi
    die "it does not answer; start fastcompanion-jupyter as $LEARNER to see why"
}
undo_jupyter() {
    unit_off fastcompanion-jupyter.service
    # By words of ours, as the program behind $VENV/bin/python may have another name.
    if [[ $SYSTEMD == no ]]; then pkill -u "$LEARNER" -f -- '-m jupyterlab --no-browser --ServerApp.root_dir' || true; fi
    files_jupyter gone
    gone 600 $ETC/jupyter.env
    reload_units
}
files_jupyter() {
    "$1" 755 /usr/local/bin/fastcompanion-jupyter jupyter_program || return 1
    if [[ $SYSTEMD == no ]]; then return 0; fi
    "$1" 644 /etc/systemd/system/fastcompanion-jupyter.service jupyter_service &&
        "$1" 644 /etc/needrestart/conf.d/50-fastcompanion.conf left_running
}
# Updates of a night have needrestart start anew what uses their libraries.
left_running() { lines '# fastcompanion: with JupyterLab the kernels would end' "\$nrconf{override_rc}{qr(^fastcompanion-)} = 0;"; }
put_token() {
    put 600 $ETC/jupyter.env token_text
    chown "$LEARNER:" $ETC/jupyter.env
}
token_text() { lines "JUPYTER_TOKEN=$(od -An -N 24 -tx1 /dev/urandom | tr -d ' \n')" "JUPYTER_PORT=$(free_port)"; }
free_port() {
    local port
    for port in 8888 8889 8890 8891 8892; do
        if [[ -z $(ss -Htln "sport = :$port") ]]; then break; fi
    done
    echo "$port"
}
jupyter_program() {
    lines '#!/bin/sh' "# Starts JupyterLab for $LEARNER; the server that it opens belongs to this machine alone." \
        'set -a' ". $ETC/jupyter.env" '# Not from your home folder: a random.py in it would be taken for Python'"'"'s own.' 'cd /' \
        "exec $VENV/bin/python -m jupyterlab --no-browser --ServerApp.root_dir=\"\$HOME\" --ServerApp.ip=127.0.0.1 --ServerApp.port_retries=0$(as_root)"
}
as_root() { if [[ $LEARNER == root ]]; then printf ' --allow-root'; fi; }
jupyter_service() {
    lines '[Unit]' 'Description=JupyterLab of fastcompanion, on this machine alone' 'After=network.target' \
        'StartLimitIntervalSec=300' 'StartLimitBurst=5' '[Service]' "User=$LEARNER" "WorkingDirectory=$LEARNER_HOME" \
        "Environment=PATH=$VENV/bin:/usr/local/bin:/usr/bin:/bin" 'ExecStart=/usr/local/bin/fastcompanion-jupyter' \
        'Restart=on-failure' 'RestartSec=5' 'UMask=0077' '[Install]' 'WantedBy=multi-user.target'
}

step dotfiles "cloud, home, wsl, container" "Your own settings"
#: Only if you name a repository of yours. Files that are in the way are moved aside, none is deleted, and nothing of it
#: is run.
check_dotfiles() {
    if [[ -z $DOTFILES ]]; then
        unasked "none asked for"
        return 0
    fi
    [[ -d $LEARNER_HOME/.dotfiles && ! -e $LEARNER_HOME/.dotfiles/unfinished ]]
}
do_dotfiles() {
    local left
    if [[ -z $DOTFILES ]]; then return 0; fi
    left=$(as_learner bash -euc "$(dotfiles_program)" - "$DOTFILES" "$VENV")
    if [[ -n $left ]]; then remark "left out, as they let you in, hold secrets or are ours: $left"; fi
}
# As the learner, in bash; says what it left out. Nothing of the repository is run, and git's hooks are none of it.
dotfiles_program() {
    cat <<'END_OF_DOTFILES'
cd
export GIT_TERMINAL_PROMPT=0 GIT_LITERAL_PATHSPECS=1
dots() { git --git-dir=.dotfiles --work-tree=. -c core.hooksPath=/dev/null -c core.fsmonitor=false "$@"; }
ours() {
    for place in .ssh .netrc .gnupg .aws .kaggle .git-credentials .config/gh .config/fastcompanion \
        .local/share/fastcompanion .dotfiles .dotfiles.new .dotfiles-backup "$2"; do
        case $1/ in "$place"/*) return 0 ;; esac
        case $place in "$1"/*) return 0 ;; esac
    done
    return 1
}
# Once it is whole it is the learner's alone, whatever they changed in it since.
if [ -d .dotfiles ] && [ ! -e .dotfiles/unfinished ]; then exit 0; fi
if [ ! -d .dotfiles ]; then
    # Of a clone that was cut off: a whole one has another name.
    rm -rf .dotfiles.new
    git clone --quiet --bare -- "$1" .dotfiles.new >&2
    touch .dotfiles.new/unfinished
    mv .dotfiles.new .dotfiles
fi
aside=.dotfiles-backup/$(date +%Y-%m-%d-%H%M%S)
dots config status.showUntrackedFiles no
dots read-tree HEAD
dots ls-files -z | while IFS= read -r -d '' name; do
    if ours "$name" "${2#"$PWD/"}"; then
        dots update-index --skip-worktree -- "$name"
        printf '%s ' "$name"
        continue
    fi
    # A file or a link in the place of a folder is in the way, too, and git would delete it.
    way=$name above=$name
    while [ "$above" != "${above%/*}" ]; do
        above=${above%/*}
        if [ -L "$above" ] || { [ -e "$above" ] && [ ! -d "$above" ]; }; then way=$above; fi
    done
    if [ -e "$way" ] || [ -L "$way" ]; then
        if [ "$way" = "$name" ] && dots diff --quiet --no-ext-diff -- "$name"; then continue; fi
        mkdir -p "$aside/$(dirname "$way")"
        mv "$way" "$aside/$way"
    fi
    printf '%s\0' "$name" >&3
done 3>.dotfiles/put
dots checkout-index --index --force -z --stdin <.dotfiles/put
rm .dotfiles/put .dotfiles/unfinished
END_OF_DOTFILES
}
undo_dotfiles() { if [[ -d $LEARNER_HOME/.dotfiles ]]; then remark "your dotfiles stay; what they replaced lies in ~/.dotfiles-backup"; fi; }

step motd "cloud" "What you see at login"
#: That the machine costs money, what stops it and when: at the moment when you think of it.
check_motd() { holds 755 /etc/update-motd.d/60-fastcompanion motd_text; }
do_motd() { put 755 /etc/update-motd.d/60-fastcompanion motd_text; }
undo_motd() { gone 755 /etc/update-motd.d/60-fastcompanion; }
motd_text() {
    local idle="after $IDLE_MINUTES idle minutes" hours="after $MAX_HOURS hours in any case"
    if [[ $IDLE_MINUTES == 0 || $ON_IDLE == warn ]]; then idle='never when idle'; fi
    if [[ $MAX_HOURS == 0 ]]; then hours='without a hard limit'; fi
    lines '#!/bin/sh' "echo 'This machine costs money while it runs. It stops $idle, and $hours.'" \
        "echo 'What keeps it awake: fastcompanion-idle status. To keep it awake: fastcompanion-idle keep 2h'"
}

step verify "cloud, home, wsl, container" "Try it"
#: Everything was looked at after it was done. If something was changed, this also lets PyTorch compute, on the GPU
#: where there is one.
check_verify() {
    if ((CHANGED == 0)) && [[ $ONLY != *verify* ]]; then return 0; fi
    if ! as_learner "$VENV/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2>/dev/null; then
        remark "not applicable: no PyTorch in $VENV"
        return 0
    fi
    local told
    told=$(as_learner timeout 300 "$VENV/bin/python" -c 'import torch
where = "cuda" if torch.cuda.is_available() else "cpu"
one = torch.ones(64, 64, device=where)
assert float((one @ one).sum()) == 64 ** 3
print("PyTorch", torch.__version__, "computes on", torch.cuda.get_device_name() if where == "cuda" else "the CPU")' 2>&1) ||
        cannot "PyTorch does not compute: $(tail -n 1 <<<"$told")" || return
    if nvidia_gpu && [[ $told == *"the CPU" ]]; then cannot "$told although there is a GPU: the driver is missing, too old, or waits for a restart" || return; fi
    remark "$told"
}

# --- the run ---

listed() { [[ " $1 " == *" $2 "* ]]; }

wanted() { # wanted STEP: is it to be done on this kind of machine? If not, $REASON says why
    REASON=''
    if [[ -n $ONLY ]]; then
        if listed "$ONLY" "$1"; then return 0; fi
        REASON="not asked for now"
    elif listed "$SKIP" "$1"; then
        REASON="left out, as asked"
    elif listed "$ALSO" "$1" || [[ ${KINDS[$1]} == *,$KIND,* ]]; then
        return 0
    elif [[ ${KINDS[$1]} == *,${KIND}onrequest,* ]]; then
        REASON="only if you ask for it"
    else
        REASON="not for this kind of machine"
    fi
    return 1
}

# Its code is in $CODE: behind "if" or "||" bash would not stop at the first thing that fails in it.
inside() { # inside FUNCTION: run it apart, so that its failure is ours to tell; nothing it starts keeps our lines open
    NOTE=''
    ROLLBACK=''
    : >"$WORK/said"
    trap - ERR
    set +e
    (
        set -e
        trap 'broke "$BASH_COMMAND"' ERR
        trap 'printf "%s\n%s" "$ROLLBACK" "$NOTE" >"$WORK/said"' EXIT
        "$1"
    ) 3>&- 9>&- >>"$OUT" 2>&1
    CODE=$?
    set -e
    trap 'stumbled "$BASH_COMMAND"' ERR
    { IFS= read -r ROLLBACK && IFS= read -r -d '' NOTE; } <"$WORK/said" || true
}

looks_right() {
    NOTE=''
    CANNOT=no
    UNASKED=no
    "check_$1" 3>&- 9>&- >>"$OUT" 2>&1
}

look_at() { # look_at STEP, and do it if need be
    if ! wanted "$1"; then
        say "$1" skipped "$REASON"
    # A run that was killed between a file and the service that reads it left this behind.
    elif looks_right "$1" && [[ $UNASKED == yes || ! -e $RUN/doing-$1 ]]; then
        ROLLBACK=''
        # A client that was cut off has not proven it yet: this one shall, or it is told ok and goes back all the same.
        if [[ $PROVEN == yes && ! -e $RUN/proof/$1 ]] && is_on "fastcompanion-rollback-$1.timer"; then ROLLBACK=fastcompanion-rollback-$1; fi
        say "$1" ok "${NOTE% }" "$ROLLBACK"
    elif [[ $CANNOT == yes ]]; then
        fail "$1"
    elif [[ $MODE == check || $LOOKING == yes ]]; then
        say "$1" would-change
        CHANGED=$((CHANGED + 1))
    else
        apply "$1"
    fi
}

apply() {
    local name=$1 told
    if ! declare -F "do_$name" >/dev/null; then
        fail "$name"
        return
    fi
    say "$name" doing "$(if declare -F "needs_$name" >/dev/null; then "needs_$name"; fi)"
    : >"$RUN/doing-$name"
    inside "do_$name"
    if ((CODE)); then
        fail "$name"
        return
    fi
    told=${NOTE% }
    look_around
    if ! looks_right "$name"; then
        NOTE=${NOTE:-it was done, and does not hold}
        fail "$name"
        return
    fi
    rm -f "$RUN/doing-$name"
    CHANGED=$((CHANGED + 1))
    say "$name" changed "${told:-${NOTE% }}" "$ROLLBACK"
}

fail() {
    say "$1" failed "${NOTE% }"
    FAILED=$((FAILED + 1))
    # Without these the rest makes no sense; a machine without a firewall is still better with a limit.
    if listed "preflight packages user key" "$1"; then quit "stopped at $1"; fi
}

still_there() { # what is left of what we made, and that the firewall was ours to switch
    local path
    compgen -G "$KNOWN/firewall-*" || true
    while read -r path; do if [[ -e $path ]]; then echo "$path"; fi; done < <(cat "$KNOWN/files" 2>/dev/null)
}

undo() {
    local name before number
    for ((number = ${#ORDER[@]} - 1; number >= 0; number--)); do
        name=${ORDER[number]}
        if [[ -n $ONLY ]] && ! listed "$ONLY" "$name"; then continue; fi
        if listed "$SKIP" "$name" || ! declare -F "undo_$name" >/dev/null; then continue; fi
        before=$(still_there)
        inside "undo_$name"
        if ((CODE != 0)); then
            fail "$name"
        elif [[ $(still_there) == "$before" ]]; then
            say "$name" ok "${NOTE% }"
        else
            CHANGED=$((CHANGED + 1))
            say "$name" changed "${NOTE% }"
        fi
    done
    if [[ -n $ONLY || -n $SKIP || $FAILED != 0 ]]; then return 0; fi
    forget
}

forget() { # the folders, from the inside out, if nothing else lies in them; then what we knew
    local path
    if [[ -e $KNOWN/files ]]; then
        tac "$KNOWN/files" >"$WORK/files"
        rm -rf "${KNOWN:?}/backup" "$KNOWN/files" "$KNOWN/packages" "$KNOWN/installed" "$KNOWN/ports" "$KNOWN/driver" "$KNOWN/firewall-was-off" "$KNOWN/no-swap"
        while read -r path; do
            if [[ $path == */ && -d $path ]]; then rmdir --ignore-fail-on-non-empty "$path"; fi
        done <"$WORK/files"
    fi
    rm -f "$LOG"
    rmdir --ignore-fail-on-non-empty "$KNOWN" 2>/dev/null || true
}

explain() {
    sed -n -e 's/^step \([a-z]*\) "\(.*\)" "\(.*\)"/\n\1: \3 (\2)/p' -e 's/^#: /    /p' <<<"$TEXT_OF_SETUP"
}

arguments() {
    while (($#)); do
        case $1 in
            --check) MODE=check ;;
            --undo) MODE=undo ;;
            --explain) MODE=explain ;;
            --apart) APART=yes ;;
            --only) ONLY+=" $2" && shift ;;
            --skip) SKIP+=" $2" && shift ;;
            --also) ALSO+=" $2" && shift ;;
            *)
                echo "unknown: $1 (--check, --undo, --explain, --only STEP, --skip STEP, --also STEP)" >&2
                exit 2
                ;;
        esac
        shift
    done
}

prepare() {
    local name value
    if [[ ! -r /etc/os-release ]]; then quit "this is no Linux that the script knows"; fi
    while IFS='=' read -r name value; do
        case $name in ID) OS_ID=${value//\"/} ;; VERSION_ID) OS_VERSION=${value//\"/} ;; esac
    done </etc/os-release
    LEARNER=${LEARNER:-${SUDO_USER:-}}
    if [[ -z $LEARNER ]]; then
        LEARNER=$(getent passwd 1000 | cut -d : -f 1) || true
        LEARNER=${LEARNER:-root}
        GUESSED=yes
    fi
    find_home || true # not there yet
    VENV=${ENVIRONMENT:-$LEARNER_HOME/.venvs/fast}
    # A zone that this machine does not know would leave the timer without a time.
    if [[ ! -e /usr/share/zoneinfo/$NIGHT_ZONE ]]; then NIGHT_ZONE=''; fi
    # bash counts in whole numbers, and somebody may want an hour and a half.
    printf -v LIMIT '%.0f' "${MAX_HOURS}e3"
    LIMIT=$((LIMIT * 36 / 10))
    NOTICE=$((LIMIT > 1200 ? 600 : LIMIT / 2))
    if [[ $LOOKING == no ]]; then take_the_machine; fi
    look_around
}

take_the_machine() { # one setup at a time, and a place for its notes
    if [[ $MODE == check && ! -d $RUN ]]; then return 0; fi
    if [[ ! -d $RUN ]]; then install -d -m 755 "$RUN"; fi
    exec 9<"$RUN"
    flock -w 5 9 || quit "another setup is running on this machine"
    if [[ $MODE != check ]]; then install -d -m 700 "$WORK"; fi
    if [[ $MODE == apply ]]; then
        install -d -m 755 "$KNOWN"
        OUT=$LOG
        (umask 077 && : >"$LOG")
        wait_for_the_cloud
    fi
}

find_home() { # is there such a user? bash knows, and so it needs no other program
    LEARNER_HOME=/home/$LEARNER
    if [[ ! $LEARNER =~ ^[A-Za-z_][A-Za-z0-9_.@-]*$ ]]; then return 1; fi
    eval "LEARNER_HOME=~$LEARNER"
    if [[ $LEARNER_HOME == "~$LEARNER" ]]; then
        LEARNER_HOME=/home/$LEARNER
        return 1
    fi
}

wait_for_the_cloud() { # not if it is cloud-init itself that runs us: it would wait for its own end
    if [[ -e /run/cloud-init/result.json || -e /run/cloud-init/disabled ]]; then return 0; fi
    if [[ $SYSTEMD == yes ]] && have cloud-init && ! grep -q cloud- /proc/self/cgroup; then timeout 600 cloud-init status --wait >/dev/null 2>&1 || true; fi
}

# A line that drops must not end a setup half way: it runs as a unit of systemd, and what it says is shown here. Who
# comes back while it still runs sees how it goes on.
follow() { # follow PID: what the setup of this process has said, and says until it ends
    if (($1 > 0)); then exec tail -n +1 -f -s 0.2 --pid="$1" "$RUN/events" 3>&-; fi
    cat "$RUN/events"
}

look() { # as --check does
    local name
    exec 3>&1
    for name in "${ORDER[@]}"; do look_at "$name"; done
    say all 'done' "$CHANGED changed, $FAILED failed"
    ((FAILED == 0))
}

apart() {
    local line looked pid
    LOOKING=yes
    prepare
    if is_on fastcompanion-setup.service; then
        say start joined "a setup is running here already; this is what it says"
    elif looked=$(look) && [[ $looked != *'"would-change"'* ]]; then
        printf '%s\n' "$looked"
        return
    else
        install -d -m 755 "$RUN"
        (umask 077 && printf '%s\n' "$TEXT_OF_SETUP" >"$RUN/setup")
        : >"$RUN/events"
        systemd-run --quiet --collect --unit=fastcompanion-setup --setenv=SUDO_USER="${SUDO_USER:-}" \
            -p "StandardOutput=append:$RUN/events" -- bash "$RUN/setup" --apart "$@"
    fi
    pid=$(systemctl show fastcompanion-setup.service -p MainPID --value)
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
            *'"step":"all","state":"done"'*) return 0 ;;
            *'"step":"all"'*) return 1 ;;
        esac
    done < <(follow "$pid")
    quit "the setup ended in the middle: run it again"
}

main() {
    local name state='done'
    exec 3>&1
    arguments "$@"
    if [[ $MODE == explain ]]; then
        explain 2>/dev/null || quit "this short form tells no reasons: fastcompanion server setup --explain"
        return
    fi
    if ((EUID != 0)); then quit "this must be run as root: sudo bash FILE"; fi
    if [[ -d /run/systemd/system ]]; then SYSTEMD=yes; fi
    cd / # a random.py in a folder of the learner would be taken for the one of Python
    if [[ $MODE == apply && $PROVEN == yes && $SYSTEMD == yes && $APART == no ]]; then
        apart "$@"
        return
    fi
    trap 'stumbled "$BASH_COMMAND"' ERR
    prepare
    if [[ $MODE == undo ]]; then
        if ! declare -F undo >/dev/null; then quit "this short form knows no way back: fastcompanion server setup --undo"; fi
        undo
    else
        for name in "${ORDER[@]}"; do look_at "$name"; done
    fi
    if ((FAILED)); then state=failed; fi
    say all $state "$CHANGED changed, $FAILED failed"
    exit "$((FAILED > 0))"
}

main "$@"
