#!/usr/bin/env bash
# Checks a pack against a trust folder, without the program that made it.
#   VERIFY.sh PACK TRUST
# Needs bash, coreutils, openssl 3, ssh-keygen 8.8 or later, jq, xxd. Ends with 0 when nothing failed. The numbers are those of
# 'leaver evidence verify', which also checks 8c: that every single event is in the log.
set -uo pipefail
export LC_ALL=C

if [ $# -ne 2 ]; then
    echo "usage: VERIFY.sh PACK TRUST" >&2
    exit 2
fi
pack=$(realpath -e -- "$1") && trust=$(realpath -e -- "$2") || exit 2
for tool in sha256sum openssl ssh-keygen jq xxd base64; do
    command -v "$tool" >/dev/null || { echo "VERIFY.sh needs $tool" >&2; exit 2; }
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$pack" || exit 2

failed=0
check() { # number and words; reads the exit code before it
    if [ "$1" -eq 0 ]; then echo "PASS $2"; else echo "FAIL $2"; failed=1; fi
}
note() { echo "NOTE $1"; }

# --- the folder -------------------------------------------------------------------------------------------------------------------
well_formed() { # manifest, and how its names begin
    [ -f "$1" ] && [ -s "$1" ] && [ -z "$(tail -c 1 "$1")" ] || return 1
    ! grep -qvE "^[0-9a-f]{64}  $2[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\$" "$1" && ! grep -qE '(  |/)\.\.?(/|$)' "$1" &&
        cut -c67- "$1" | sort -uc 2>/dev/null
}
{
    printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | cmp -s - bagit.txt &&
        well_formed manifest-sha256.txt data/ && well_formed tagmanifest-sha256.txt '' &&
        [ -z "$(find . ! -type f ! -type d -print -quit)" ]
}
check $? "0 it is a pack"

sha256sum --strict --quiet -c manifest-sha256.txt >/dev/null 2>&1
check $? "1 payload hashes"

{
    cut -c67- manifest-sha256.txt
    cut -c67- tagmanifest-sha256.txt
    printf '%s\n' tagmanifest-sha256.txt seal/manifest-sha256.txt.sig seal/sealed.json seal/sealed.tlog-proof \
        seal/events.tlog-proofs seal/checkpoint
} 2>/dev/null | sort >"$work/expected"
find . -type f ! -path ./seal/manifest-sha256.txt.tsr | cut -c3- | sort | cmp -s - "$work/expected"
check $? "2 nothing added or missing"

sha256sum --strict --quiet -c tagmanifest-sha256.txt >/dev/null 2>&1
check $? "3 tag manifest"
stamp=seal/manifest-sha256.txt.tsr
if [ -e "$trust/tsa-root.pem" ]; then
    # The certificates must have been good when the stamp was made, not now.
    # The time is taken from the signed token: what stands around it anybody can write.
    seen=$(openssl ts -reply -in "$stamp" -token_out -text 2>/dev/null | sed -n 's/^Time stamp: //p')
    [ -n "$seen" ] && openssl ts -verify -data manifest-sha256.txt -in "$stamp" -CAfile "$trust/tsa-root.pem" \
        -attime "$(date -d "$seen" +%s)" >/dev/null 2>&1
    result=$?
    check $result "4 time stamp"
    if [ $result -eq 0 ]; then note "4 an outside authority saw the manifest at $(date -u -d "$seen" +%FT%TZ)"; fi
elif [ -e "$stamp" ]; then
    note "4 a time stamp that nobody can check: the trust folder has no tsa-root.pem"
else
    note "4 no time stamp: no RFC 3161 authority is configured, the times are those of our own clock"
fi

# --- who sealed it ----------------------------------------------------------------------------------------------------------------
ssh-keygen -Y verify -f "$trust/allowed_signers" -I signer@leaver -n evidence-pack@leaver \
    -s seal/manifest-sha256.txt.sig <manifest-sha256.txt >/dev/null 2>&1
check $? "5 pack signature"

# --- the log ----------------------------------------------------------------------------------------------------------------------
signed_by() { # key: whether it signed seal/checkpoint; a witness also says when
    local name=${1%%+*} rest=${1#*+} id data kind at
    id=${rest%%+*}
    data=${rest#*+}
    kind=$(printf '%s' "$data" | base64 -d 2>/dev/null | head -c 1 | xxd -p)
    {
        printf '302a300506032b6570032100' | xxd -r -p # SubjectPublicKeyInfo of an Ed25519 key, RFC 8410
        printf '%s' "$data" | base64 -d | tail -c 32
    } >"$work/key.der"
    sed '/^$/,$d' seal/checkpoint >"$work/body"
    grep -F -- "— $name " seal/checkpoint | while read -r _ _ line; do
        printf '%s' "$line" | base64 -d >"$work/line" 2>/dev/null || continue
        [ "$(head -c 4 "$work/line" | xxd -p)" = "$id" ] || continue
        if [ "$kind" = 04 ]; then
            at=$((16#$(tail -c +5 "$work/line" | head -c 8 | xxd -p)))
            { printf 'cosignature/v1\ntime %s\n' "$at"; cat "$work/body"; } >"$work/message"
            tail -c +13 "$work/line" >"$work/signature"
        else
            at=
            cp "$work/body" "$work/message"
            tail -c +5 "$work/line" >"$work/signature"
        fi
        openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$work/message" \
            -sigfile "$work/signature" >/dev/null 2>&1 || continue
        [ -z "$at" ] || date -u -d "@$at" +%FT%TZ
        : >"$work/good"
        break
    done
    [ -e "$work/good" ] && rm "$work/good"
}

log_signed=1
while read -r word key _; do
    [ "$word" = log ] || continue
    [ "$(head -n 1 seal/checkpoint 2>/dev/null)" = "${key%%+*}" ] && signed_by "$key" && log_signed=0
done < <(sed 's/#.*//' "$trust/policy")
check $log_signed "6 log signature"

declare -A met=()
quorum= seen=
while read -r word name rest; do
    read -ra words <<<"$rest"
    case $word in
    witness)
        if at=$(signed_by "${words[0]}"); then
            met[$name]=1
            seen="$seen${seen:+, }$name at $at"
        fi
        ;;
    group)
        enough=${words[0]} count=0
        [ "$enough" = any ] && enough=1
        [ "$enough" = all ] && enough=$((${#words[@]} - 1))
        for member in "${words[@]:1}"; do [ -n "${met[$member]-}" ] && count=$((count + 1)); done
        [ "$count" -ge "$enough" ] && met[$name]=1
        ;;
    quorum) quorum=$name ;;
    esac
done < <(sed 's/#.*//' "$trust/policy")
if [ "$quorum" = none ]; then
    note "7 no outside witness: an administrator could have rewritten this"
else
    [ -n "$quorum" ] && [ -n "${met[$quorum]-}" ]
    check $? "7 independent witness"
fi
[ -z "$seen" ] || note "7 seen by $seen"

hash() { xxd -r -p | openssl dgst -sha256 -binary | xxd -p -c 64; }
included() { # entry, proof: RFC 9162, 2.1.3.2
    local at size last root step sum
    [ "$(head -n 1 "$2")" = "c2sp.org/tlog-proof@v1" ] || return 1
    sed -n '/^$/,$p' "$2" | sed 1d | cmp -s - seal/checkpoint || return 1
    at=$(sed -n '2s/^index \([0-9][0-9]*\)$/\1/p' "$2")
    size=$(sed -n 2p seal/checkpoint)
    root=$(sed -n 3p seal/checkpoint | base64 -d 2>/dev/null | xxd -p -c 64)
    [[ $at =~ ^[0-9]{1,18}$ && $size =~ ^[0-9]{1,18}$ ]] && [ "$at" -lt "$size" ] || return 1
    last=$((size - 1))
    sum=$({ printf 00; xxd -p "$1" | tr -d '\n'; } | hash)
    while read -r step; do
        step=$(printf '%s' "$step" | base64 -d 2>/dev/null | xxd -p -c 64)
        [ ${#step} -eq 64 ] && [ $last -gt 0 ] || return 1
        if [ $((at & 1)) -eq 1 ] || [ $at -eq $last ]; then
            sum=$(printf '01%s%s' "$step" "$sum" | hash)
            while [ $((at & 1)) -eq 0 ] && [ $at -ne 0 ]; do at=$((at >> 1)) last=$((last >> 1)); done
        else
            sum=$(printf '01%s%s' "$sum" "$step" | hash)
        fi
        at=$((at >> 1)) last=$((last >> 1))
    done < <(sed '1,2d;/^$/,$d' "$2")
    [ $last -eq 0 ] && [ "$sum" = "$root" ]
}
included seal/sealed.json seal/sealed.tlog-proof 2>/dev/null
check $? "8 the seal is in the log"

[ "$(jq -r 'select(.event == "sealed") | .manifest_sha256' seal/sealed.json 2>/dev/null)" = \
    "$(sha256sum <manifest-sha256.txt | cut -c1-64)" ] &&
    [ "$(jq -r .case seal/sealed.json)" = "$(head -n 1 data/events.jsonl | jq -r .request.case)" ]
check $? "8b the logged seal names exactly this manifest"

# --- the history ------------------------------------------------------------------------------------------------------------------
approvals() {
    local hash file count=0
    while read -r hash; do
        [ "$(jq -rj --arg hash "$hash" 'select(.event == "planned" and .hash == $hash) | .plan' data/events.jsonl |
            sha256sum | cut -c1-64)" = "$hash" ] || return 1
    done < <(jq -r 'select(.event == "planned") | .hash' data/events.jsonl | sort -u)
    jq -se 'reduce .[] as $e ({plans: [], yes: [], bad: false};
        if $e.event == "planned" then .plans += [$e.hash]
        elif ($e.event | IN("approved", "authorised", "ratified")) then
            .bad = (.bad or (.plans | index($e.plan) == null)) | .yes += [$e.plan]
        elif $e.event == "intended" then .bad = (.bad or (.yes | index($e.plan) == null))
        else . end) | .bad | not' data/events.jsonl >/dev/null || return 1
    while read -r file; do
        grep -Fxq -- "$(cat "$file")" data/events.jsonl || return 1
        count=$((count + 1))
    done < <(find data/approvals -type f 2>/dev/null)
    [ "$count" -eq "$(jq -s 'map(select(.event | IN("approved", "authorised", "ratified"))) | length' data/events.jsonl)" ]
}
approvals 2>/dev/null
check $? "9 approvals"
if jq -se 'any(.[]; .identity? == "declared")' data/events.jsonl >/dev/null 2>&1; then
    note "9 approvals were declared on one machine: no passkey signed, duties are only as separate as that machine"
fi

jq -se --slurpfile case data/case.json '
    .[0].request as $r | (map(select(.event == "authorised") | .by) | last) as $alone |
    all(.[]; (.by? // .decision?.by? // .attestation?.by?) as $by |
        if $by == null then true
        elif .event == "approved" then $by != $r.requester and $by != $r.executor and $by != $r.leaver
        elif .event == "ratified" then $by != $alone and $by != $r.leaver
        else $by != $r.leaver end) and
    ($case[0] | .case == $r.case and .leaver == $r.leaver and .requester == $r.requester and .executor == $r.executor)
' data/events.jsonl >/dev/null 2>&1
check $? "10 approver, requester, executor and leaver are apart"

gone=$(jq -r 'select(.event == "moved" and .to == "removed") | .at' data/events.jsonl 2>/dev/null | head -n 1)
until=$(head -n 1 data/events.jsonl 2>/dev/null | jq -r .request.deadline 2>/dev/null)
if [ -z "$gone" ]; then
    note "11 access was not yet seen gone; it must be by $until"
elif [ "$(date -d "$gone" +%s%N)" -le "$(date -d "$until" +%s%N)" ]; then
    note "11 access was seen gone at $gone, before $until"
else
    note "11 access was seen gone at $gone, AFTER $until"
fi

jq -r '.. | objects | (((.captures?, .originals?) | arrays | .[]), (.file?, .members?)) | strings | select(length == 64)' \
    data/events.jsonl 2>/dev/null | sort -u >"$work/named"
sed -n 's|^\([0-9a-f]\{64\}\)  data/evidence/\(.*\)$|\1 \2|p' manifest-sha256.txt 2>/dev/null | sort -u >"$work/there"
[ -s data/events.jsonl ] && sed 's/\(.*\)/\1 \1/' "$work/named" | cmp -s - "$work/there"
check $? "12 evidence is what the events name"

commitments() { jq -r '.. | strings | select(startswith("sha256(salt+words):")) | .[19:]' data/events.jsonl | sort -u; }
words() { # of salt and words, each as they stand in the pack
    local line salt
    while IFS= read -r line || [ -n "$line" ]; do
        [ -n "$line" ] || continue
        salt=$(printf '%s' "$line" |
            jq -er 'select(.text | type == "string") | .salt | strings | select(test("^[0-9a-f]{64}$"))') || return 1
        { printf '%s' "$salt" | xxd -r -p; printf '%s' "$line" | jq -j .text; } | sha256sum | cut -c1-64
    done <data/words.jsonl
}
: >"$work/words"
{
    [ -f data/words.jsonl ] && words >"$work/said" && sort "$work/said" >"$work/words" && commitments >"$work/bound" &&
        [ -z "$(uniq -d "$work/words")" ] && [ -z "$(comm -13 "$work/bound" "$work/words")" ]
} 2>/dev/null
bound=$?
check $bound "12b what people said is what the log is bound to"
if [ $bound -eq 0 ]; then
    erased=$(comm -23 "$work/bound" "$work/words" | wc -l)
    [ "$erased" -eq 0 ] || note "12b of $erased statements the words were erased; the log keeps that they were made"
fi

if [ "$(head -n 1 data/events.jsonl 2>/dev/null | jq -r .request.rehearsal 2>/dev/null)" = true ]; then
    note "13 REHEARSAL: this organization is not at the vendor; this is evidence of nothing"
fi
exit $failed
