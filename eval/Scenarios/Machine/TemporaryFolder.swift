internal import Glibc
internal import GrapevineTransport

/// A folder of this process alone, that goes away with all files in it.
struct TemporaryFolder: ~Copyable {
  let path: String
  /// Where all of them are that have not gone away.
  private static let paths = Locked<[String]>([])

  init() throws(FileError) {
    path = try TemporaryFolder.make()
    TemporaryFolder.paths.withLock { [path] paths in paths.append(path) }
  }

  private static func make() throws(FileError) -> String {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array("\(base)/grapevine-eval-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else {
      throw FileError(action: "make a folder in", path: base)
    }
    return String(decoding: name.dropLast().map(UInt8.init), as: UTF8.self)
  }

  deinit {
    TemporaryFolder.remove(path)
    TemporaryFolder.paths.withLock { [path] paths in paths.removeAll { $0 == path } }
  }

  private static func remove(_ path: String) {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        withUnsafePointer(to: &entry.pointee.d_name) { name in
          _ = name.withMemoryRebound(to: CChar.self, capacity: 256) {
            unlinkat(dirfd(folder), $0, 0)
          }
        }
      }
      closedir(folder)
    }
    rmdir(path)
  }
}

extension TemporaryFolder {
  /// Lets SIGHUP, SIGINT and SIGTERM end this process only after its folders have gone away; to be
  /// called before any thread is started.
  ///
  /// A thread of its own waits for them, since a handler may call nothing that this takes.
  static func removeAtSignals() throws(EvaluationError) {
    let signals = StopSignals()
    _ = try WorkerThread {
      let signal = signals.next()
      for path in paths.withLock({ $0 }) { remove(path) }
      StopSignals.end(signal)
    }
  }
}
