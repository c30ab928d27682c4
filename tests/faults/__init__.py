"""What must survive: processes killed at every step, two at once, and a large real corpus behind faulty servers."""
