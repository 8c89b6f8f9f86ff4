internal import Glibc
package import GrapevineCore

extension StreamClosure {
  /// What an error of a connection means to the engine.
  package init(_ error: SystemError) {
    self =
      switch error.code {
      case ECONNREFUSED: .refused
      case ETIMEDOUT: .timedOut
      case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL,
        EACCES, EPERM:
        .unreachable
      case _ where error.isExhaustion: .exhausted
      default: .reset
      }
  }
}
