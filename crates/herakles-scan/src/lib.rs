//! List, open and read /proc with bounded cost and typed skip reasons.
