internal import CAllocations
internal import Glibc

/// The memory of this process that is really there.
package enum ProcessMemory {
  /// The resident set now, in bytes.
  package static var resident: Int { resident(ofProcess: "self") }

  /// The resident set of another process, in bytes; zero if there is none.
  static func resident(of number: Int) -> Int { resident(ofProcess: "\(number)") }

  private static func resident(ofProcess process: String) -> Int {
    guard let fields = readSystemFile("/proc/\(process)/statm")?.split(separator: " "),
      fields.count > 1, let pages = Int(fields[1])
    else { return 0 }
    return pages * Int(sysconf(CInt(_SC_PAGESIZE)))
  }

  /// Lets arrays that have grown large give back what they leave behind.
  static func keepLargeArraysApart() {
    allocations_map_from(65_536)
  }

  /// What is in use by the allocator, in bytes, its own accounts included; zero under a sanitizer,
  /// which has an allocator of its own.
  static var allocated: Int { Int(allocations_in_use()) }

  /// Gives what is free back to the system.
  static func giveBack() {
    allocations_give_back()
  }

  /// The largest resident set since ``resetPeak()``, in bytes.
  package static var peak: Int {
    let line = readSystemFile("/proc/self/status")?.split(separator: "\n")
      .first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
    return (kibibytes.flatMap { Int($0) } ?? 0) * 1_024
  }

  /// Begins to watch for ``peak`` anew.
  package static func resetPeak() {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // 5 resets the peak; see proc_pid_clear_refs(5).
    _ = "5".withCString { write(descriptor, $0, 1) }
  }
}
