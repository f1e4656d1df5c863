"""Count the words of a line."""


def handler(event, context):
    return {"number": event["number"], "words": len(event["line"].split())}
