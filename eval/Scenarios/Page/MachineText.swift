internal import Glibc

/// What a page says of where and when it was made.
struct MachineText: Sendable {
  var rows: [(name: String, value: String)]

  /// This machine, now.
  static var current: MachineText {
    var rows = [("made", date(time(nil)))]
    if let commit { rows.append(("commit", commit)) }
    var machine = "\(sysconf(CInt(_SC_NPROCESSORS_ONLN))) processors"
    if let model = value("model name", in: "/proc/cpuinfo") { machine += ", \(model)" }
    if let memory = value("MemTotal", in: "/proc/meminfo")?.split(separator: " ").first,
      let kibibytes = Int(memory)
    {
      machine += ", \((kibibytes + 524_288) / 1_048_576) GiB"
    }
    rows.append(("machine", machine))
    if let release = readSystemFile("/proc/sys/kernel/osrelease") {
      rows.append(("kernel", "Linux \(release.split(separator: "\n").first ?? "")"))
    }
    return MachineText(rows: rows)
  }

  /// A moment as `2026-11-21 22:30 UTC`.
  static func date(_ moment: time_t) -> String {
    var moment = moment
    var parts = tm()
    gmtime_r(&moment, &parts)
    func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)) UTC"
  }

  /// What stands behind the first `name` of a file with such lines.
  private static func value(_ name: String, in path: String) -> String? {
    guard let text = readSystemFile(path) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    guard let value = line?.split(separator: ":", maxSplits: 1).last else { return nil }
    return value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
  }

  /// The commit that lies in the current folder, if that is this package and git says so.
  private static var commit: String? {
    guard readSystemFile("eval/thresholds.json") != nil, let git = ChildProgram.find("git"),
      let folder = try? TemporaryFolder()
    else { return nil }
    let output = "\(folder.path)/commit"
    let words = [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    guard let child = try? ChildProgram(words, environment: [], output: output) else { return nil }
    guard child.wait() == 0, let text = readSystemFile(output) else { return nil }
    return text.split(separator: "\n").first.map(String.init)
  }
}
