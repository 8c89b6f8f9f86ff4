import Glibc
import GrapevineCore
import GrapevineTransport
import Testing

/// What the errors of system calls mean; that they really come is for the tests of faults to show.
@Suite struct ErrorTests {
  @Test func `A datagram that was not sent is counted by reason`() {
    let counters: [(codes: [CInt], counter: WritableKeyPath<TransportMetrics, Int>)] = [
      ([ENOBUFS, ENOMEM], \.sendsWithoutMemory),
      ([ECONNREFUSED], \.sendsRefused),
      (
        [ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EINVAL],
        \.sendsUnreachable
      ),
      ([EMSGSIZE], \.sendsTooLarge),
      ([EPERM, EACCES], \.sendsForbidden),
      ([EIO], \.sendsFailedOtherwise),
    ]
    for (codes, counter) in counters {
      for code in codes {
        var metrics = TransportMetrics()
        metrics.countFailedSend(SystemError(code: code, operation: "sendmmsg"))
        var expected = TransportMetrics()
        expected[keyPath: counter] = 1
        #expect(metrics == expected, "\(code)")
      }
    }
  }

  @Test(arguments: [
    (ECONNREFUSED, StreamClosure.refused),
    (ETIMEDOUT, .timedOut),
    (ENETUNREACH, .unreachable),
    (EHOSTUNREACH, .unreachable),
    (ENETDOWN, .unreachable),
    (EPERM, .unreachable),
    (EACCES, .unreachable),
    (EMFILE, .exhausted),
    (ENFILE, .exhausted),
    (ENOBUFS, .exhausted),
    (ECONNRESET, .reset),
    (EPIPE, .reset),
  ])
  func `A stream that failed is closed for a reason`(code: CInt, closure: StreamClosure) {
    #expect(StreamClosure(SystemError(code: code, operation: "connect")) == closure)
  }
}
