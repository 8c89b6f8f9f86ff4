import FuzzTargets
import Glibc

#if Fuzzing
  /// What libFuzzer calls with each input; `FUZZ_TARGET` names what the input is for.
  @_cdecl("LLVMFuzzerTestOneInput")
  public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
  }

  private let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
      fatalError("FUZZ_TARGET is “\(name)”: it must be one of \(names)")
    }
    return target
  }()
#else
  /// Plays inputs that were kept: `fuzz TARGET FILE…`.
  @main
  struct Replay {
    static func main() {
      let arguments = CommandLine.arguments.dropFirst()
      guard let target = arguments.first.flatMap(FuzzTarget.init(rawValue:)), arguments.count > 1
      else {
        print("usage: fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) FILE…")
        exit(2)
      }
      for path in arguments.dropFirst() {
        guard let bytes = contents(of: path) else {
          print("\(path) can't be read")
          exit(2)
        }
        print("\(path): \(bytes.count) bytes")
        fflush(nil)
        target.run(bytes)
      }
    }

    private static func contents(of path: String) -> [UInt8]? {
      guard let file = fopen(path, "r") else { return nil }
      defer { fclose(file) }
      var bytes: [UInt8] = []
      var byte = fgetc(file)
      while byte != EOF {
        bytes.append(UInt8(truncatingIfNeeded: byte))
        byte = fgetc(file)
      }
      return bytes
    }
  }
#endif
