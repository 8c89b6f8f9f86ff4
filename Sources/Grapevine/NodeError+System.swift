import Glibc
import GrapevineTransport

extension NodeError {
  /// Wraps a system call that failed; `value` is what the user gave that led to it.
  init(_ error: SystemError, value: String) {
    let code: Code =
      switch error.code {
      case EADDRINUSE: .addressInUse
      case EADDRNOTAVAIL: .addressUnavailable
      case EACCES, EPERM: .permissionDenied
      default: .systemFailure
      }
    self.init(code, value: value, reason: error.description, cause: error)
  }
}
