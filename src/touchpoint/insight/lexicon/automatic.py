"""Words of replies that nobody has written: out-of-office notes and the like, in the languages that ship."""

from typing import Final

AUTOMATIC: Final = """
out of office | out of the office | automatic reply | auto reply | autoreply | auto-reply | automated response
automatic response | on annual leave | on parental leave | on maternity leave | away from my desk
delivery status notification | undeliverable | mail delivery failed | this is an automated message
abwesenheitsnotiz | abwesenheitsnachricht | automatische antwort | automatische abwesenheit | nicht im büro
derzeit nicht erreichbar | bin nicht im haus | bin im urlaub
absence du bureau | absent du bureau | absente du bureau | réponse automatique | message automatique
actuellement en congé | actuellement en congés
fuera de la oficina | respuesta automática | mensaje automático | ausente de la oficina
estoy de vacaciones
"""
"""Phrases, in lower case, each of which tells so where it stands near the beginning."""
