/** A command did its work, and the outcome is a failure. Standard output says the details, the message the outcome. */
export class Failure extends Error {}
