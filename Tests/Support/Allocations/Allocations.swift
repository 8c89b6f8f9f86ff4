import Glibc

/// Counts the bytes that a thread asks the Swift runtime for: arrays, strings, classes and boxes
/// alike.
///
/// The runtime calls `malloc` through a slot of its own, which is led through a counter here. What
/// is freed again counts as well; what other threads do meanwhile does not. The slot has room for
/// one counter, so all modules of a test program share this one.
public enum Allocations {
  /// The runtime's `malloc` was not found.
  public struct NotInstalled: Error {}

  /// Returns what `body` returns, and the bytes that it allocated on the way.
  ///
  /// - Throws: ``NotInstalled``, or what `body` throws.
  public static func count<Result>(
    _ body: () throws -> Result
  ) throws -> (result: Result, size: Int) {
    guard isInstalled else { throw NotInstalled() }
    var size = 0
    let result = try withUnsafeMutablePointer(to: &size) { pointer in
      pthread_setspecific(hook.pointee.key, pointer)
      defer { pthread_setspecific(hook.pointee.key, nil) }
      return try body()
    }
    return (result, size)
  }

  private typealias Malloc = @convention(c) (Int) -> UnsafeMutableRawPointer?

  private struct Hook {
    var key: pthread_key_t = 0
    var original: Malloc = { _ in nil }
  }

  /// Read by every allocation from the moment of installing, so it is made before.
  nonisolated(unsafe) private static let hook: UnsafeMutablePointer<Hook> = {
    let hook = UnsafeMutablePointer<Hook>.allocate(capacity: 1)
    hook.initialize(to: Hook())
    return hook
  }()

  private static let isInstalled: Bool = {
    let hook = Allocations.hook
    guard
      let original = dlsym(nil, "malloc"),
      let runtime = dlsym(nil, "swift_allocObject"),
      let slot = LoadedObject(containing: runtime)?.slot(of: "malloc"),
      pthread_key_create(&hook.pointee.key, nil) == 0
    else { return false }
    hook.pointee.original = unsafeBitCast(original, to: Malloc.self)
    let pageSize = Int(getpagesize())
    let page = slot - Int(bitPattern: slot) % pageSize
    guard mprotect(page, pageSize, PROT_READ | PROT_WRITE) == 0 else { return false }
    let counting: Malloc = { size in
      let hook = Allocations.hook
      if let counter = pthread_getspecific(hook.pointee.key) {
        counter.assumingMemoryBound(to: Int.self).pointee += size
      }
      return hook.pointee.original(size)
    }
    slot.storeBytes(of: counting, as: Malloc.self)
    return true
  }()
}

/// An ELF object in memory.
private struct LoadedObject {
  private let base: UnsafeMutableRawPointer
  private var dynamic: [UInt64: UInt64] = [:]

  init?(containing address: UnsafeMutableRawPointer) {
    // The C library's `Dl_info`: a file's name, its base, a symbol's name and its address.
    typealias Find = @convention(c) (UnsafeRawPointer, UnsafeMutableRawPointer) -> CInt
    let info = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 4)
    defer { info.deallocate() }
    guard let find = dlsym(nil, "dladdr"),
      unsafeBitCast(find, to: Find.self)(address, info) != 0, let base = info[1]
    else { return nil }
    self.base = base
    let headers = base + Int(base.load(fromByteOffset: 32, as: UInt64.self))
    for index in 0..<Int(base.load(fromByteOffset: 56, as: UInt16.self)) {
      let header = headers + index * 56
      guard header.load(as: UInt32.self) == 2 else { continue }
      var entry = base + Int(header.load(fromByteOffset: 16, as: UInt64.self))
      while entry.load(as: UInt64.self) != 0 {
        dynamic[entry.load(as: UInt64.self)] = entry.load(fromByteOffset: 8, as: UInt64.self)
        entry += 16
      }
    }
  }

  /// Where the object keeps the address of a function of another object.
  func slot(of name: String) -> UnsafeMutableRawPointer? {
    guard let strings = table(5), let symbols = table(6), let relocations = table(23),
      let size = dynamic[2]
    else { return nil }
    for offset in stride(from: 0, to: Int(size), by: 24) {
      let place = relocations.load(fromByteOffset: offset, as: UInt64.self)
      let symbol = relocations.load(fromByteOffset: offset + 8, as: UInt64.self) >> 32
      let start = symbols.load(fromByteOffset: 24 * Int(symbol), as: UInt32.self)
      let text = (strings + Int(start)).assumingMemoryBound(to: CChar.self)
      if strcmp(text, name) == 0 { return base + Int(place) }
    }
    return nil
  }

  /// The loader has made some of these addresses absolute, and left others relative.
  private func table(_ tag: UInt64) -> UnsafeMutableRawPointer? {
    guard let value = dynamic[tag] else { return nil }
    let isRelative = value < UInt64(UInt(bitPattern: base))
    return isRelative ? base + Int(value) : UnsafeMutableRawPointer(bitPattern: UInt(value))
  }
}
