#!/bin/sh
# A core is a pure step: it reads and writes through the turn, and touches neither clock nor heap
# nor files. What its objects leave undefined shows it. Usage: check_pure.sh CORE ARCHIVE
set -eu
core=$1
archive=$2

# The store, the arena, the turn; wire, text and hashes; the compiled policy and its calendars.
allowed='toc_(get|put|del|append|count|first_at_least|last_below|scan_(open|next|close))
toc_arena_(take|zero|copy)
toc_(emit|emit_because|turn_policy|turn_keep_policy|assert_failed)
toc_(wire|answer|str)_[a-z0-9_]+
toc_(hex|unhex|parse_u64|parse_i64)
toc_(sha256|sha256_pair|hmac_sha256|issue_id|fingerprint|crc32c)
toc_(issue_fields|issue_fact_by|alert_match(_read|_has_critical)?|match(_failed|_glob|_name)?|field_name|policy_(sla|path|quiet|reach_from|schedule|queue|person|team|category|has_article)|language_is_in|event_type_find|event_types)
toc_calendar_(add|sub|between|interval_after|is_open|name|tz|is_business_day|add_business_days|add_months)
toc_tz_(offset_ms|resolve)
toc_schedule_at
toc_(priority|risk|state|refuse|metric|alert_on)_name
toc_alert_on_clocks
toc_journal_(read|scan|next|hash_at)
toc_(planted|exit_point)
tocsin__v1__[a-z0-9_]+
protobuf_c_[a-z_]+
mem(cmp|cpy|move|set|chr|mem)
str(cmp|ncmp|len|nlen|chr)
(v)?snprintf
__(memcpy|memmove|memset|snprintf|vsnprintf)_chk
__stack_chk_fail
__u?divti3|__umodti3|__popcountdi2
__(a|ub)san_[a-z0-9_]+
_GLOBAL_OFFSET_TABLE_'

case $core in
intake)
    # The dedupe index keeps its filters on the heap, taken when it is opened; a policy is compiled
    # before it is accepted, so that nothing behind intake can be given a bad one.
    allowed="$allowed
calloc|realloc|malloc|free
toc_network_read
toc_policy_(in_force|latest|is_valid|keep_applied|keep_part)"
    ;;
audit)
    # libcrypto's streaming SHA-256, libsodium's Ed25519 and base64: functions of their arguments.
    # sodium_init only chooses among implementations.
    allowed="$allowed
SHA256(_Init|_Update|_Final)?
crypto_sign_(detached|seed_keypair|verify_detached)
sodium_(base642bin|bin2base64|init|is_zero|memzero)"
    ;;
esac

defined=$(nm --defined-only "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
undefined=$(nm -u "$archive" 2>/dev/null | awk 'NF == 2 { print $2 }' | sort -u)
[ -n "$defined" ] || { echo "$archive: no symbols to look at"; exit 2; }
pattern="^($(printf '%s' "$allowed" | tr '\n' '|'))\$"
wrong=$(printf '%s\n' "$undefined" | grep -vxF "$defined" | grep -Ev "$pattern" || true)
if [ -n "$wrong" ]; then
    echo "the core of $core is not pure; it uses:"
    printf '  %s\n' $wrong
    exit 1
fi
