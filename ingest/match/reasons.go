package match

// Why a post is no complaint.
const (
	reasonNoService  = "no_service"     // it names no service
	reasonNoPhrase   = "no_phrase"      // it does not say that something fails
	reasonTooFar     = "too_far"        // it does, but of something else
	reasonFriend     = "false_friend"   // it only looks like it: "down to earth"
	reasonPast       = "past"           // it was long ago
	reasonRecovered  = "recovered"      // it works again
	reasonNegated    = "negated"        // it works
	reasonRepost     = "repost"         // somebody else wrote it
	reasonAdvert     = "advert"         // advertising, share prices, jobs
	reasonAmbiguous  = "ambiguous_name" // the name is a word, and nothing says that it is a name
	reasonQuestion   = "question"       // how to do something
	reasonMatter     = "other_matter"   // something else is bad: a parcel, a bill, a dull film
	reasonNews       = "news"           // what others report, or talk about outages
	reasonImpersonal = "not_personal"   // a manual or a program says it: no sign that somebody complains
	reasonOfficial   = "official"       // the service itself writes
)

// Reasons are the values of Verdict.Reason but for "", for labels of metrics. It
// is not changed.
var Reasons = []string{ //nolint:gochecknoglobals // a constant table
	reasonNoService, reasonNoPhrase, reasonTooFar, reasonFriend, reasonPast, reasonRecovered, reasonNegated,
	reasonRepost, reasonAdvert, reasonAmbiguous, reasonQuestion, reasonMatter, reasonNews, reasonImpersonal, reasonOfficial,
}
