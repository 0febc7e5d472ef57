# SPDX-License-Identifier: Apache-2.0
#
# The rules that a C file keeps, one file after the other; run by scripts/lint. Prints "file:line: reason" per offence
# and exits 1 if there was one. With -v verbose=1 also says which files should be looked at before they grow further.

function complain(line, reason) {
  printf "%s:%d: %s\n", FILENAME, line, reason
  failed = 1
}

# The line without comments and the contents of text and character literals. Remembers an open comment.
function code_of(line,   out, token) {
  out = ""
  while (line != "") {
    if (in_comment) {
      if (!match(line, /\*\//))
        return out
      line = substr(line, RSTART + 2)
      in_comment = 0
      continue
    }
    if (!match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\*|\/\//))
      return out line
    token = substr(line, RSTART, RLENGTH)
    out = out substr(line, 1, RSTART - 1)
    line = substr(line, RSTART + RLENGTH)
    if (token == "//")
      return out
    if (token == "/*")
      in_comment = 1
    else
      out = out "\"\""
  }
  return out
}

# -- who may include whom --

# A library's header, and the files that exist for that library.
function third_party_ok(header) {
  if (header ~ /^yajl\//)
    return FILENAME ~ /^metering\/json/
  if (header ~ /^openssl\//)
    return FILENAME ~ /^metering\/signature/
  if (header == "yaml.h")
    return FILENAME ~ /^metering\/yaml/
  if (header == "zlib.h")
    return FILENAME ~ /^metering\/(crc|segment|journal)/
  if (header ~ /^libvirt\//)
    return FILENAME ~ /^agent\/inspector\/inspector/
  if (header ~ /^libxml\//)
    return FILENAME ~ /^agent\/inventory\/metadata/
  if (header ~ /^librdkafka\//)
    return FILENAME ~ /^(publishers\/kafka|cli\/topics\/topics_admin|collector\/(source\/|evaluation_broker))/
  if (header == "sqlite3.h")
    return FILENAME ~ /^collector\/stores\/sqlite/
  if (header == "libpq-fe.h")
    return FILENAME ~ /^collector\/stores\/postgresql/
  if (header ~ /^libsoup\//)
    return FILENAME ~ /^(metering\/http|collector\/ingest\/|publishers\/http)/
  if (header ~ /^systemd\//)
    return FILENAME ~ /^metering\/service/
  return 0
}

# GLib, GModule, and what the C library and the kernel give.
function system_ok(header) {
  if (header ~ /^(glib\.h|glib-unix\.h|gmodule\.h|glib\/[a-z]+\.h)$/)
    return 1
  if (header ~ /^gio\//)
    return folder == "agent" || folder == "collector" || folder == "cli" || FILENAME ~ /^(metering\/(control|http)|publishers\/http)/
  return header ~ /^(sys|linux|arpa|net|netinet)\/[a-z_]+\.h$/ ||
    header ~ /^(assert|ctype|dirent|errno|fcntl|float|fnmatch|inttypes|limits|locale|malloc|math|poll|pthread|sched|setjmp|signal|stdarg|stdatomic|stddef|stdint|stdio|stdlib|string|strings|syslog|termios|time|unistd)\.h$/
}

# Shared by the files of one plugin only: publishers/kafka_options.h belongs to publishers/kafka*.c.
function of_own_plugin(header,   own) {
  own = FILENAME
  sub(/[_.][a-z_.]*$/, "", own)
  return index(header, own "_") == 1 || index(header, own ".h") == 1
}

function project_ok(header) {
  if (folder == "metering" || folder == "data")
    return header ~ /^metering\//
  if (folder == "pollsters" || folder == "notifications")
    return header == "metering/hypermeter.h"
  if (folder == "publishers")
    return header == "metering/hypermeter.h" || of_own_plugin(header)
  if (folder == "agent")
    return header ~ /^(metering|agent)\//
  if (folder == "collector")
    return header ~ /^(metering|collector)\// && (FILENAME ~ /^collector\/stores\// || header !~ /^collector\/stores\// || header ~ /^collector\/stores\/store/)
  if (folder == "cli")
    return header ~ /^(metering|cli)\// || header ~ /^collector\/(usage\/(bucket|calendar|checkpoint|completeness|decisions|policy)|bill\/(adjustment|evidence|merkle|periods|redact|shadow|shadow_verify|statement|statement_verify)|engine\/seen|pipeline\/verify|stores\/store)\.h$/
  return 0
}

function check_include(line,   header) {
  header = line
  sub(/^#[ \t]*include[ \t]*[<"]/, "", header)
  sub(/[>"].*/, "", header)
  if (folder == "tests")
    return
  if (line ~ /"/ ? !project_ok(header) : !(system_ok(header) || third_party_ok(header)))
    complain(FNR, "may not include " header " (docs/architecture.md says who may include whom)")
}

# -- one file --

# A test holds one group of cases, which cannot be split over files as code can.
function end_file(   limit) {
  if (previous_file == "")
    return
  limit = previous_file ~ /^tests\// ? 700 : 400
  if (lines > limit) {
    printf "%s: %d lines, at most %d: split it\n", previous_file, lines, limit
    failed = 1
  } else if (verbose && lines > 200)
    printf "%s: %d lines (most have less than 200)\n", previous_file, lines
}

FNR == 1 {
  end_file()
  previous_file = FILENAME
  folder = FILENAME
  sub(/\/.*/, "", folder)
  is_plugin = FILENAME ~ /^(pollsters|notifications|publishers|collector\/stores)\//
  in_comment = 0
  function_start = 0
  last_code = ""
  if ($0 != "/* SPDX-License-Identifier: Apache-2.0 */")
    complain(1, "the first line is not the SPDX line")
}

FNR == 2 && !/^\/\* / { complain(2, "the second line does not open a comment that says what the file is for") }

{
  lines = FNR
  code = code_of($0)
}

$0 ~ /^#[ \t]*include/ { check_include($0) }

code ~ /(^|[^a-zA-Z0-9_])goto[^a-zA-Z0-9_]/ { complain(FNR, "goto") }

is_plugin && code ~ /g_module_check_init|g_module_unload|G_DEFINE_CONSTRUCTOR|(^|[^a-z_])(constructor|destructor)([^a-z_]|$)/ {
  complain(FNR, "nothing of a plugin runs before it was accepted: no constructor")
}

# A line that ends in a backslash is part of a macro, whose braces say nothing about functions.
code == "{" && last_code ~ /\)$/ { function_start = FNR }

code ~ /^ +\{$/ && length(code) > 16 { complain(FNR, "nested deeper than three") }

code == "}" && function_start {
  if (FNR - function_start - 1 > 40 && !(folder == "tests" && name ~ /^main /))
    complain(function_start, sprintf("a function of %d lines, at most 40: split it", FNR - function_start - 1))
  function_start = 0
}

code ~ /^[a-z_][a-zA-Z0-9_]* \(/ { name = code }
code !~ /^[ \t]*$/ { last_code = code }

END {
  end_file()
  exit failed
}
