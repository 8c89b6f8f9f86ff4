import Glibc
import GrapevineCore
import Pacing
import Testing

@testable import EvalScenarios

/// What a process leaves behind when it is ended from outside.
@Suite(.inTurn, .serialized, .timeLimit(.minutes(1))) struct ChildEndTests {
  private var libraries: [String] {
    getenv("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=\(String(cString: $0))"] } ?? []
  }

  /// Waits up to 20 s.
  private func waits(until isSo: () throws -> Bool) rethrows -> Bool {
    let end = MachineClock.now + .seconds(20)
    while MachineClock.now < end {
      if try isSo() { return true }
      MachineClock.sleep(.milliseconds(10))
    }
    return false
  }

  @Test func `a child ends with its parent, however that ends`() throws {
    let folder = try TemporaryFolder()
    let number = "\(folder.path)/number"
    let script = """
      GRAPEVINE_EVAL_PARENT=$$ '\(try NodeTerminal.program)' node --bind 127.0.0.1:0 &
      echo $! >\(number)
      wait
      """
    let parent = try ChildProgram(
      ["/bin/sh", "-c", script],
      environment: libraries,
      output: "\(folder.path)/output"
    )
    // It is told that it started after it has asked to be told of the end.
    #expect(try waits { try readFile("\(folder.path)/output").contains("started") })
    let child = try #require(Int(readFile(number).filter(\.isNumber)))
    #expect(ProcessMemory.resident(of: child) > 0)
    parent.kill()
    _ = parent.wait()
    #expect(waits { ProcessMemory.resident(of: child) == 0 })
  }

  @Test func `a child whose parent is gone before it begins ends at once`() throws {
    let folder = try TemporaryFolder()
    let child = try ChildProgram(
      [try NodeTerminal.program, "--help"],
      environment: libraries + ["GRAPEVINE_EVAL_PARENT=0"],
      output: "\(folder.path)/output"
    )
    #expect(child.wait() == 1)
    #expect(try readFile("\(folder.path)/output") == "")
  }

  @Test(arguments: [SIGHUP, SIGINT, SIGTERM])
  func `a signal leaves neither folders nor processes`(signal: CInt) throws {
    let folder = try TemporaryFolder()
    let inside = try TemporaryFolder()
    let program = try NodeTerminal.program
    let child = try ChildProgram(
      [program, "processes", "--nodes=5", "--interval=100ms", "--slow-interval=100ms"],
      environment: libraries + ["TMPDIR=\(inside.path)"],
      output: "\(folder.path)/output"
    )
    let number = child.number
    #expect(waits { entries(inside.path).count == 3 && children(of: number).count == 3 })
    let grandchildren = children(of: number)
    #expect(kill(pid_t(number), signal) == 0)
    #expect(child.wait() == 128 + signal)
    #expect(entries(inside.path).isEmpty)
    #expect(waits { grandchildren.allSatisfy { ProcessMemory.resident(of: $0) == 0 } })
  }

  private func entries(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private func children(of number: Int) -> [Int] {
    let text = readSystemFile("/proc/\(number)/task/\(number)/children") ?? ""
    return text.split(separator: " ").compactMap { Int($0) }
  }
}
