// Package api answers journalists, dashboards and the public: what is abnormal
// now, which outages there were, and the counts behind them. It reads the live
// state and the archive, and never writes.
//
// It stays up when a store does not. Without the archive it serves what the
// live state knows (about two days of counts, the outages of a day) and answers
// 503 to what needs more. Without the live state it serves the archive, and
// says of the present that it cannot tell. What is asked often is read from a
// store once a second at most, however many ask.
package api
