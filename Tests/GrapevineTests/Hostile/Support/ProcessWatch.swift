import Glibc

/// What the system says of another process.
struct ProcessWatch: Sendable {
  let process: pid_t

  /// The resident set now, in bytes.
  var memory: Int { status("VmRSS:") }

  /// What of it is the process's own, and no file's, in bytes.
  var privateMemory: Int { status("RssAnon:") }

  /// The largest resident set since ``resetPeak()``, in bytes.
  var memoryPeak: Int { status("VmHWM:") }

  /// Begins to watch for the peak anew; see proc_pid_clear_refs(5).
  func resetPeak() {
    let file = open("/proc/\(process)/clear_refs", O_WRONLY | O_CLOEXEC)
    precondition(file >= 0, "the peak of process \(process) cannot be reset")
    defer { close(file) }
    precondition("5".withCString { write(file, $0, 1) } == 1)
  }

  /// The number of open descriptors.
  var descriptorCount: Int {
    guard let folder = opendir("/proc/\(process)/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    // Two entries stand for the folder itself and the one above.
    return count - 2
  }

  private func status(_ field: String) -> Int {
    guard let file = fopen("/proc/\(process)/status", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, CInt(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let words = String(decoding: bytes, as: UTF8.self).split { " \t\n".contains($0) }
      if words.first == field[...] { return (Int(words[1]) ?? 0) * 1_024 }
    }
    return 0
  }
}
