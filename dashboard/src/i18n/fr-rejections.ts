import type { Catalogue } from './en.ts'

/** Beside a record’s own sentence, which the server has in English. */
export const rejections: Catalogue['rejections'] = {
  'org-unit-missing': {
    title: 'L’enregistrement n’a pas d’unité d’organisation',
    remedy: 'Indiquez l’établissement du patient dans Bahmni, puis relancez Bahmni Mart.',
  },
  'org-unit-unknown': {
    title: 'DHIS2 n’a pas d’unité d’organisation avec ce code',
    remedy: 'Corrigez l’établissement dans Bahmni, ou donnez ce code à l’unité d’organisation dans DHIS2 ; puis refaites l’envoi.',
  },
  'org-unit-not-in-program': {
    title: 'Le programme n’est pas assigné à cette unité d’organisation',
    remedy:
      'Demandez à l’administrateur de DHIS2 d’assigner le programme à l’unité d’organisation, ou corrigez l’établissement dans Bahmni.',
  },
  'field-unknown': {
    title: 'La correspondance nomme un UID que DHIS2 n’a pas',
    remedy: 'Corrigez l’UID de cette colonne dans la correspondance.',
  },
  'field-not-in-stage': {
    title: 'L’élément de données n’appartient pas à cette étape du programme',
    remedy: 'Reliez cette colonne à un autre élément de données, ou ajoutez celui-ci à l’étape du programme dans DHIS2.',
  },
  'program-missing': {
    title: 'La ligne ne nomme aucun programme',
    remedy: 'Corrigez le programme de la ligne dans le SQL du Mart, ou donnez à la table une valeur fixe dans la correspondance.',
  },
  'program-unknown': {
    title: 'DHIS2 n’a pas ce programme pour notre compte',
    remedy: 'Corrigez l’UID du programme dans le SQL du Mart ou dans la correspondance, ou donnez au compte l’accès au programme.',
  },
  'stage-missing': {
    title: 'La ligne ne nomme aucune étape du programme',
    remedy: 'Corrigez l’étape du programme de la ligne dans le SQL du Mart, ou donnez à la table une valeur fixe dans la correspondance.',
  },
  'stage-unknown': {
    title: 'Le programme n’a pas cette étape',
    remedy: 'Corrigez l’UID de l’étape du programme dans le SQL du Mart ou dans la correspondance.',
  },
  'type-unknown': {
    title: 'Le type d’entité suivie n’est pas connu',
    remedy: 'Donnez à DHIS2_TRACKED_ENTITY_TYPE l’UID du type d’entité suivie que les patients ont dans DHIS2.',
  },
  'value-invalid': {
    title: 'La valeur ne convient pas au type de valeur de DHIS2',
    remedy: 'Corrigez la valeur dans Bahmni, ou reliez la colonne à un champ du bon type.',
  },
  'value-too-long': {
    title: 'La valeur est plus longue que DHIS2 ne l’accepte',
    remedy: 'Raccourcissez la valeur dans Bahmni.',
  },
  'value-not-an-option': {
    title: 'La valeur ne figure pas dans la liste d’options de DHIS2',
    remedy: 'Corrigez la réponse dans Bahmni, traduisez-la dans la correspondance, ou ajoutez l’option à la liste d’options dans DHIS2.',
  },
  'mandatory-missing': { title: 'DHIS2 exige une valeur ici', remedy: 'Saisissez la valeur dans Bahmni.' },
  'date-missing': { title: 'Il manque une date que DHIS2 exige', remedy: 'Saisissez la date dans Bahmni.' },
  'date-invalid': { title: 'La date n’est pas une date valable', remedy: 'Corrigez la date dans Bahmni.' },
  'date-in-future': { title: 'La date est dans le futur', remedy: 'Corrigez la date dans Bahmni.' },
  'status-unknown': {
    title: 'Le statut n’est pas un de ceux que DHIS2 connaît',
    remedy: 'Employez ACTIVE, COMPLETED ou CANCELLED dans le SQL du Mart.',
  },
  'identifier-missing': {
    title: 'La ligne n’a pas d’identifiant',
    remedy: 'Corrigez l’identifiant de la ligne dans le SQL du Mart.',
  },
  'duplicate-rows': {
    title: 'Le Mart a plusieurs lignes pour cet enregistrement, et elles diffèrent',
    remedy: 'Faites en sorte que le SQL du Mart donne une seule ligne par enregistrement.',
  },
  'same-value-in-run': {
    title: 'Deux patients ont la même valeur d’identification',
    remedy: 'Cherchez dans Bahmni s’il s’agit d’une seule personne enregistrée deux fois, et corrigez-les ou fusionnez-les.',
  },
  'taken-by-other-patient': {
    title: 'L’entité suivie trouvée dans DHIS2 est celle d’un autre patient',
    remedy: 'Même identifiant, personne différente : comparez les deux patients dans Bahmni et corrigez l’identifiant de l’un d’eux.',
  },
  'tracked-entity-shared': {
    title: 'Plusieurs patients sont liés à la même entité suivie',
    remedy: 'Un administrateur doit décider à qui elle est, et retirer la ligne erronée de la table instance_tracker.',
  },
  'belongs-to-other-patient': {
    title: 'Selon la table de suivi, cet enregistrement appartient à l’entité suivie d’une autre personne',
    remedy: 'Deux patients ont-ils été fusionnés dans Bahmni ? Un administrateur doit corriger la ligne de la table de suivi.',
  },
  'patient-not-found': {
    title: 'Le Mart n’a pas de ligne de patient pour cet enregistrement',
    remedy: 'Relancez Bahmni Mart ; si le patient manque toujours, corrigez le SQL de la table des patients.',
  },
  'enrollment-not-found': {
    title: 'Événement sans son inscription',
    remedy:
      'Le Mart n’a pas d’inscription avec le patient_program_id de cet événement, ni avec son patient et sa date d’inscription. Corrigez cela dans Bahmni ou dans le SQL du Mart.',
  },
  'several-active': {
    title: 'Deux inscriptions actives d’un patient dans un même programme',
    remedy: 'DHIS2 permet une seule inscription active : terminez l’une des deux dans Bahmni.',
  },
  conflict: {
    title: 'DHIS a une autre inscription active en cours',
    remedy:
      'Adressez-vous à l’équipe d’administration : terminez ou annulez l’une des deux inscriptions dans DHIS2, puis refaites l’envoi.',
  },
  'second-in-single-stage': {
    title: 'Un second événement pour une étape que DHIS2 permet une seule fois par inscription',
    remedy: 'Retirez le second formulaire dans Bahmni, ou rendez l’étape du programme répétable dans DHIS2.',
  },
  'event-needs-active-enrollment': {
    title: 'Ce DHIS2 ne peut pas ajouter d’événement à une inscription quand une autre est active',
    remedy: 'Terminez d’abord l’inscription active du patient, ou employez DHIS2 2.36 ou plus récent, où cela est possible.',
  },
  gone: {
    title: 'L’enregistrement a été supprimé dans DHIS2',
    remedy:
      'Si la suppression était une erreur, rétablissez-le dans DHIS2 ; sinon, un administrateur doit retirer sa ligne de la table de suivi pour qu’il puisse être créé à nouveau.',
  },
  'unique-taken': {
    title: 'La valeur doit être unique, et une autre personne l’a déjà dans DHIS2',
    remedy: 'Cherchez dans DHIS2 la personne qui a cette valeur : corrigez l’identifiant dans Bahmni ou dans DHIS2.',
  },
  'no-access': {
    title: 'Notre compte DHIS2 n’a pas le droit d’écrire cet enregistrement',
    remedy: 'Demandez à l’administrateur de DHIS2 de donner au compte l’accès en saisie à l’unité d’organisation et au programme.',
  },
  'refused-by-dhis2': {
    title: 'DHIS2 a refusé l’enregistrement',
    remedy: 'Lisez la phrase de DHIS2 ; demandez à l’administrateur de DHIS2 si elle n’aide pas.',
  },
  undigestible: {
    title: 'DHIS2 échoue sur cet enregistrement sans dire pourquoi',
    remedy: 'Cherchez des caractères ou des dates étranges dans l’enregistrement ; le journal de DHIS2 donne la raison.',
  },
  'parent-rejected': {
    title: 'Pas envoyé, car ce à quoi il appartient a été refusé',
    remedy: 'Corrigez l’enregistrement du patient ou de l’inscription ; celui-ci suit de lui-même.',
  },
}
