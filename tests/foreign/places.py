"""Where the conversation takes place, and who takes part."""

BOT = 1000
ANN = 7
BO = 8
CAT = 9
PEOPLE = {ANN: "Ann", BO: "Bo"}
NOBODY = 5555
# The bot is in privacy mode; it administers the party, the forum and the channel.
CROWD = -50
CROWD_MOVED = -1000050
CLUB = -1000060
FORUM = -1000070
TOPIC = 41
NEWS = -1000080
PARTY = -1000090
