//! What runs inside the server, in one step each.
//!
//! A script touches `KEYS[1]` and nothing else, so that it runs on a cluster too. Bytes are compared
//! as numbers or for equality: `<` on Lua's strings asks the server's locale.

use ::redis::Cmd;
use std::sync::LazyLock;

/// The value of a row that was deleted a short time ago. No record is one byte long.
pub(super) const ENDED: &[u8] = b"x";

/// A script and its digest, by which the server knows it.
pub(super) struct Script {
    code: &'static str,
    digest: String,
    /// Whether it changes something.
    pub(super) writes: bool,
}

impl Script {
    fn new(code: &'static str, writes: bool) -> Self {
        Self { code, digest: ::redis::Script::new(code).get_hash().to_owned(), writes }
    }

    /// Runs it by its digest: works if the server has seen it since it started.
    pub(super) fn by_digest(&self, key: &[u8], args: &[&[u8]]) -> Cmd {
        Self::command("EVALSHA", &self.digest, key, args)
    }

    /// Runs it, and makes it known to the server.
    pub(super) fn in_full(&self, key: &[u8], args: &[&[u8]]) -> Cmd {
        Self::command("EVAL", self.code, key, args)
    }

    fn command(name: &str, script: &str, key: &[u8], args: &[&[u8]]) -> Cmd {
        let bytes = script.len() + key.len() + args.iter().map(|arg| arg.len()).sum::<usize>();
        let mut command = Cmd::with_capacity(4 + args.len(), bytes + 8);
        command.arg(name).arg(script).arg("1").arg(key);
        for arg in args {
            command.arg(*arg);
        }
        command
    }
}

/// What the scripts make of a row's first bytes.
///
/// Bytes of a head: 1 format, 2-9 revision, 10-33 times, of which 26-33 are the end. Times have 48
/// bits, so that the first two bytes of each are zero and a Lua number holds it exactly.
///
/// Numbers are given to commands as strings: Redis would format a Lua number as a float.
macro_rules! head {
    () => {
        "
local key = KEYS[1]
local head = redis.pcall('GETRANGE', key, '0', '32')
"
    };
}

/// Answers `false` when there is no row or an ended one, an error of Redis as it is, and bytes that are
/// no record as they are. Afterwards `over` is the row's end.
macro_rules! row {
    () => {
        "
local byte, sub = string.byte, string.sub
local function ends(bytes, at)
    local a, b, c, d, e, f = byte(bytes, at + 2, at + 7)
    return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
if type(head) == 'table' then return head end
if head == 'x' or (head == '' and redis.call('EXISTS', key) == 0) then return false end
if #head ~= 33 or byte(head) ~= 209 or byte(head, 10) + byte(head, 11) + byte(head, 18)
    + byte(head, 19) + byte(head, 26) + byte(head, 27) ~= 0 then return head end
local over = ends(head, 26)
"
    };
}

/// `head`, `record`, `now`, `keep` in ms, `may_shorten` as 0 or 1. Answers 1 when it is applied, `false`
/// when there is no live row, else the row.
///
/// `head`: the format and the expected revision. If the record's end is not over it has the record's
/// times, too: a row that begins with it is one that nobody wrote or touched since, nor does this
/// write extend it. That is the common case, and takes three calls and no look at the times.
pub(super) static UPDATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        concat!(
            head!(),
            "
local record, keep = ARGV[2], ARGV[4]
if head ~= ARGV[1] then
",
            row!(),
            "
    if over < tonumber(ARGV[3]) then return false end
    if sub(head, 2, 9) ~= sub(ARGV[1], 2, 9) then return redis.call('GET', key) end
    if ARGV[5] == '1' or over < ends(record, 26) then
        redis.call('SET', key, record, 'PX', keep)
        return 1
    end
    record = sub(record, 1, 9) .. sub(head, 10) .. sub(record, 34)
end
local left = redis.call('PTTL', key)
if left == -1 or left >= tonumber(keep) then
    redis.call('SET', key, record, 'KEEPTTL')
else
    redis.call('SET', key, record, 'PX', keep)
end
return 1
"
        ),
        true,
    )
});

/// `revision`, `times`, `now`, `keep` in ms. Answers 1 when it touched, 0 when that was not due,
/// `false` when there is no live row.
///
/// PEXPIRE comes first: a server that is out of memory refuses SETRANGE, unless the script has
/// written already. A touch takes no memory.
pub(super) static TOUCH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        concat!(
            head!(),
            row!(),
            "
if over < tonumber(ARGV[3]) then return false end
if sub(head, 2, 9) ~= ARGV[1] then return 0 end
if ends(ARGV[2], 17) <= over then return 0 end
local left = redis.call('PTTL', key)
if left ~= -1 then
    redis.call('PEXPIRE', key, left < tonumber(ARGV[4]) and ARGV[4] or left)
end
redis.call('SETRANGE', key, '9', ARGV[2])
return 1
"
        ),
        true,
    )
});

/// `remember` in ms, which may be 0. Answers 1 when it deleted, `false` when there was no row.
///
/// DEL comes first: a server that is out of memory refuses SET, unless the script has written
/// already. A logout must not fail because there are too many sessions.
pub(super) static DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        concat!(
            head!(),
            row!(),
            "
redis.call('DEL', key)
if ARGV[1] ~= '0' then redis.call('SET', key, 'x', 'PX', ARGV[1]) end
return 1
"
        ),
        true,
    )
});

/// `member`, `keep` in ms. The score is the member's deadline in ms by the server's clock, the set's
/// own deadline the latest of them.
///
/// Where the member is there already, the removal comes first: a server that is out of memory refuses
/// ZADD, unless the script has written already. So sessions are extended, while a new one is refused.
pub(super) static INDEX_INSERT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "
local key, member = KEYS[1], ARGV[1]
local before = redis.pcall('ZSCORE', key, member)
if type(before) == 'table' then return before end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.ceil(time[2] / 1000)
local deadline = now + tonumber(ARGV[2])
local function tidy() redis.call('ZREMRANGEBYSCORE', key, '-inf', now - 1) end
if before then
    deadline = math.max(deadline, tonumber(before))
    tidy()
end
redis.call('ZADD', key, deadline, member)
if not before then tidy() end
local last = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', key, last[2])
return 1
",
        true,
    )
});

/// Answers all members whose deadline is not over.
pub(super) static INDEX_MEMBERS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.pcall('ZRANGEBYSCORE', KEYS[1], now, '+inf')
",
        false,
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_asked_by_its_digest_and_sent_when_unknown() {
        let packed = DELETE.by_digest(b"k", &[b"60000"]).get_packed_command();
        let text = String::from_utf8(packed).unwrap();
        assert!(text.starts_with("*5\r\n$7\r\nEVALSHA\r\n$40\r\n"), "{text}");
        assert!(text.ends_with("$1\r\n1\r\n$1\r\nk\r\n$5\r\n60000\r\n"), "{text}");

        let packed = DELETE.in_full(b"k", &[b"60000"]).get_packed_command();
        let text = String::from_utf8(packed).unwrap();
        assert!(text.starts_with("*5\r\n$4\r\nEVAL\r\n"), "{text}");
        assert!(text.contains("GETRANGE") && text.contains("'DEL'"), "{text}");
    }

    #[test]
    fn scripts_name_no_key_but_the_first() {
        for script in [&UPDATE, &TOUCH, &DELETE, &INDEX_INSERT, &INDEX_MEMBERS] {
            assert!(script.code.contains("KEYS[1]"));
            assert_eq!(script.code.matches("KEYS").count(), 1);
        }
    }
}
