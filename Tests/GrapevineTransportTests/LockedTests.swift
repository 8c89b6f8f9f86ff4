import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct LockedTests {
  @Test func `Four threads lose no increment`() throws {
    let count = Locked(0)
    let done = Locked(0)
    for _ in 0..<4 {
      try NativeThread.start(name: "increment") {
        for _ in 0..<10_000 { count.withLock { $0 += 1 } }
        done.withLockNotifying { $0 += 1 }
      }
    }
    try done.eventually { $0 == 4 ? () : nil }
    #expect(count.withLock { $0 } == 40_000)
  }

  @Test func `Waiting ends with the change that was waited for`() throws {
    let number = Locked(0)
    try NativeThread.start(name: "count") {
      for _ in 0..<5 { number.withLockNotifying { $0 += 1 } }
    }
    #expect(number.wait { $0 == 5 ? "five" : nil } == "five")
  }

  @Test func `Waiting for what does not happen ends after the limit`() {
    let start = MonotonicClock.now()
    let result: Int? = Locked(0).wait(atMost: .milliseconds(20)) { _ in nil }
    #expect(result == nil)
    #expect(MonotonicClock.now().since(start) >= 19_000_000)
  }

  #if DEBUG
    @Test func `Locking twice on one thread traps`() async {
      await #expect(processExitsWith: .failure) {
        let number = Locked(0)
        number.withLock { _ in number.withLock { $0 = 1 } }
      }
    }
  #endif

  @Test func `An error passes and leaves the lock free`() {
    struct Refusal: Error {}
    let number = Locked(0)
    #expect(throws: Refusal.self) {
      try number.withLock { (value) throws(Refusal) in
        value = 1
        throw Refusal()
      }
    }
    #expect(number.withLock { $0 } == 1)
  }
}
